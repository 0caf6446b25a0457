using System.Collections.Concurrent;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Opens the host that a domain is to migrate to, where no client stands between the two.</summary>
/// <param name="uri">The destination's URI.</param>
/// <param name="cancel">Ends the attempt.</param>
public delegate ValueTask<IMigrationPeer> OpenMigrationPeer(string uri, CancellationToken cancel);

/// <summary>A destination as the source sees it: the calls of libvirt's third generation with typed parameters.</summary>
public interface IMigrationPeer : IAsyncDisposable
{
    /// <summary>Makes room for the guest; the answer holds a cookie and the URI that its memory is to be sent to.</summary>
    ValueTask<DomainMigratePrepare3ParamsRet> PrepareAsync(TypedParam[] arguments, byte[] cookie, DomainMigrateFlags flags, CancellationToken cancel);

    /// <summary>Starts the guest there, or forgets it when it was <paramref name="cancelled"/>.</summary>
    ValueTask<DomainRef> FinishAsync(TypedParam[] arguments, byte[] cookie, DomainMigrateFlags flags, bool cancelled, CancellationToken cancel);
}

/// <summary>The limits of a domain's migrations.</summary>
/// <param name="Downtime">The longest time that the guest may stand still, in milliseconds.</param>
/// <param name="Speed">MiB in a second.</param>
/// <param name="PostcopySpeed">MiB in a second after the switch to post-copy; 0 for no limit.</param>
/// <param name="Cache">Bytes of the compression's cache.</param>
internal sealed record MigrationLimits(ulong Downtime, ulong Speed, ulong PostcopySpeed, ulong Cache)
{
    /// <summary>The largest speed, which stands for none: so many MiB are 2^63 bytes.</summary>
    public const ulong MostSpeed = long.MaxValue / (1024 * 1024);

    public static MigrationLimits Default { get; } = new(300, MostSpeed, 0, 64 << 20);
}

/// <summary>A guest that is on its way to this host.</summary>
/// <param name="Definition">What it is to be.</param>
/// <param name="Cookie">What the source told of it.</param>
/// <param name="Job">The job that holds the domain; null for one that is only to be defined.</param>
/// <param name="Storage">Where the contents of its disks come to; null where none come.</param>
internal sealed record IncomingGuest(DomainDefinition Definition, MigrationCookie? Cookie, DomainJob? Job, MigrationStorage? Storage);

/// <summary>The migrations of a host, both ways.</summary>
internal sealed class HostMigrations
{
    private const int FirstPort = 49152;
    private const int Ports = 64;
    private int _lastPort = -1;

    /// <summary>The guests that are on their way here, by name.</summary>
    public ConcurrentDictionary<string, IncomingGuest> Incoming { get; } = new(StringComparer.Ordinal);

    /// <summary>The transfers from here.</summary>
    public ConcurrentDictionary<Guid, MigrationTransfer> Transfers { get; } = new();

    /// <summary>The disks that are being copied from here.</summary>
    public ConcurrentDictionary<Guid, MigrationDisks> Copies { get; } = new();

    /// <summary>Limits that were set.</summary>
    public ConcurrentDictionary<Guid, MigrationLimits> Limits { get; } = new();

    /// <summary>How a host opens another one itself; null where it cannot.</summary>
    public OpenMigrationPeer? OpenPeer { get; set; }

    /// <summary>A guest's life has ended: its memory goes nowhere any more.</summary>
    public void Stopped(Guid domain)
    {
        if (Transfers.TryRemove(domain, out MigrationTransfer? transfer))
            transfer.Cut();
    }

    public MigrationLimits LimitsOf(Guid domain) => Limits.GetValueOrDefault(domain, MigrationLimits.Default);

    public void SetLimits(Guid domain, Func<MigrationLimits, MigrationLimits> change) =>
        Limits.AddOrUpdate(domain, _ => change(MigrationLimits.Default), (_, old) => change(old));

    /// <summary>The next of the ports that guests arrive at. Nobody listens there: the memory of a guest in memory stays where it is.</summary>
    public int NextPort() => FirstPort + (int)((uint)Interlocked.Increment(ref _lastPort) % Ports);
}
