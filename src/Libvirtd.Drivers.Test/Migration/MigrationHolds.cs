using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>What one client's migrations hold until they end: domains here that are protected against changes, and guests that are to arrive.</summary>
internal sealed class MigrationHolds(TestDomains domains)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, DomainRef> _leaving = [];
    private readonly HashSet<string> _arriving = new(StringComparer.Ordinal);

    public MigrationSource Source { get; } = new(domains);

    public MigrationTarget Target { get; } = new(domains);

    /// <summary>A domain is about to leave, or is not any more.</summary>
    public void Leaving(DomainRef dom, bool holds)
    {
        lock (_lock)
        {
            if (holds)
                _leaving[dom.Uuid] = dom;
            else
                _leaving.Remove(dom.Uuid);
        }
    }

    /// <summary>A guest is to arrive, or is not any more.</summary>
    public void Arriving(string name, bool holds)
    {
        lock (_lock)
        {
            if (holds)
                _arriving.Add(name);
            else
                _arriving.Remove(name);
        }
    }

    /// <summary>The client is gone.</summary>
    public void Abandon()
    {
        DomainRef[] leaving;
        string[] arriving;
        lock (_lock)
        {
            leaving = [.. _leaving.Values];
            arriving = [.. _arriving];
            _leaving.Clear();
            _arriving.Clear();
        }

        foreach (DomainRef dom in leaving)
            Source.Abandon(dom);
        foreach (string name in arriving)
            Target.Abandon(name);
    }
}

/// <summary>The end of a tunnel that a guest's memory comes through. What comes is of no use to a guest that has none.</summary>
internal sealed class MigrationTunnel : StreamEndpoint
{
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel) => default;

    /// <summary>The source may ask, but nothing comes back.</summary>
    public override async ValueTask<StreamRead> ReadAsync(Memory<byte> buffer, CancellationToken cancel)
    {
        await Task.Delay(Timeout.Infinite, cancel).ConfigureAwait(false);
        return StreamRead.End;
    }
}
