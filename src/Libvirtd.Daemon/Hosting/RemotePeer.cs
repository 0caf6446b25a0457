using Libvirtd.Client;
using Libvirtd.Drivers.Test;
using Libvirtd.Protocol;

namespace Libvirtd.Daemon.Hosting;

/// <summary>The destination of a migration that is a host of another server, reached as any client reaches it.</summary>
internal sealed class RemotePeer(LibvirtConnection connection) : IMigrationPeer
{
    private const int FeatureMigrationParams = 13;

    /// <summary>Connects to the server that a URI names.</summary>
    public static async ValueTask<IMigrationPeer> OpenAsync(string uri, CancellationToken cancel)
    {
        LibvirtConnection connection = await LibvirtConnection.OpenAsync(uri, cancel: cancel).ConfigureAwait(false);
        if (await connection.HasFeatureAsync(FeatureMigrationParams, cancel).ConfigureAwait(false))
            return new RemotePeer(connection);
        await connection.DisposeAsync().ConfigureAwait(false);
        throw VirException.Of(ErrorCode.OperationFailed, ErrorDomain.Test, "Destination libvirt does not support migration with extensible parameters");
    }

    public async ValueTask<DomainMigratePrepare3ParamsRet> PrepareAsync(TypedParam[] arguments, byte[] cookie, DomainMigrateFlags flags,
        CancellationToken cancel) => await connection.Remote.DomainMigratePrepare3ParamsAsync(arguments, cookie, flags, cancel).ConfigureAwait(false);

    public async ValueTask<DomainRef> FinishAsync(TypedParam[] arguments, byte[] cookie, DomainMigrateFlags flags, bool cancelled,
        CancellationToken cancel) =>
        (await connection.Remote.DomainMigrateFinish3ParamsAsync(arguments, cookie, flags, cancelled ? 1 : 0, cancel).ConfigureAwait(false)).Dom;

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
