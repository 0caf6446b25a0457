using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>A migration in which the source itself speaks to the destination; the client only waits.</summary>
internal sealed class PeerMigration(HostMigrations migrations, MigrationSource source)
{
    /// <summary>Does all of it.</summary>
    /// <param name="dom">The domain.</param>
    /// <param name="dconnuri">The destination.</param>
    /// <param name="request">What was asked for.</param>
    /// <param name="cancel">Ends the attempt to reach the destination; what has begun goes on without the client.</param>
    public async Task RunAsync(DomainRef dom, string? dconnuri, MigrationRequest request, CancellationToken cancel)
    {
        if (dconnuri is null)
            throw VirException.Internal(ErrorDomain.Test, "no destination URI was given for peer-to-peer migration");
        if (migrations.OpenPeer is not { } open)
            throw VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.Test, "peer-to-peer migration needs a host that can reach others");
        IMigrationPeer peer;
        try
        {
            peer = await open(dconnuri, cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw VirException.Of(ErrorCode.OperationFailed, ErrorDomain.Test, $"Failed to connect to remote libvirt URI {dconnuri}: {e.Message}");
        }

        await using (peer.ConfigureAwait(false))
            await RunAsync(peer, dom, request with { Flags = request.Flags | DomainMigrateFlags.ChangeProtection }).ConfigureAwait(false);
    }

    private async Task RunAsync(IMigrationPeer peer, DomainRef dom, MigrationRequest request)
    {
        (byte[] cookie, string xml) = source.Begin(dom, request);
        if (source.IsPaused(dom))
            request = request with { Flags = request.Flags | DomainMigrateFlags.Paused };
        // The memory of our guests needs no tunnel: only the source's own checks are about it.
        const DomainMigrateFlags OfSource = DomainMigrateFlags.Peer2peer | DomainMigrateFlags.Tunnelled | DomainMigrateFlags.ChangeProtection
            | DomainMigrateFlags.AbortOnError | DomainMigrateFlags.AutoConverge;
        MigrationRequest there = request with { Xml = xml, Name = request.Name ?? dom.Name, Flags = request.Flags & ~OfSource };
        DomainMigratePrepare3ParamsRet room;
        try
        {
            room = await peer.PrepareAsync(there.ToParams(), cookie, there.Flags, default).ConfigureAwait(false);
        }
        catch
        {
            source.Confirm(dom, request, cancelled: true);
            throw;
        }

        if (!request.Has(DomainMigrateFlags.Offline))
        {
            try
            {
                cookie = await source.PerformAsync(dom, request with { Uri = room.UriOut }, isConfirmed: true, default).ConfigureAwait(false);
            }
            catch
            {
                await ForgetAsync(peer, there, cookie).ConfigureAwait(false);
                throw;
            }
        }

        try
        {
            await peer.FinishAsync(there.ToParams(), cookie, there.Flags, cancelled: false, default).ConfigureAwait(false);
        }
        catch
        {
            source.Confirm(dom, request, cancelled: true);
            throw;
        }

        source.Confirm(dom, request, cancelled: false);
    }

    private static async Task ForgetAsync(IMigrationPeer peer, MigrationRequest there, byte[] cookie)
    {
        try
        {
            await peer.FinishAsync(there.ToParams(), cookie, there.Flags, cancelled: true, default).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // It says that it has forgotten the guest, or is gone: either way the first error is the one that counts.
        }
    }
}
