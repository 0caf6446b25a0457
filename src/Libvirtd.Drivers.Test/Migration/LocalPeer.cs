using System.Runtime.InteropServices;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>A destination of this same driver: another of its hosts.</summary>
internal sealed class LocalPeer(DriverConnection connection) : IMigrationPeer
{
    public ValueTask<DomainMigratePrepare3ParamsRet> PrepareAsync(TypedParam[] arguments, byte[] cookie, DomainMigrateFlags flags,
        CancellationToken cancel) => connection.Domains.MigratePrepare3Params(new PeerCall(cancel), arguments, cookie, flags);

    public async ValueTask<DomainRef> FinishAsync(TypedParam[] arguments, byte[] cookie, DomainMigrateFlags flags, bool cancelled,
        CancellationToken cancel) =>
        (await connection.Domains.MigrateFinish3Params(new PeerCall(cancel), arguments, cookie, flags, cancelled ? 1 : 0).ConfigureAwait(false)).Dom;

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    private sealed class PeerCall(CancellationToken cancel) : CallContext
    {
        public override ClientIdentity Identity => ClientIdentity.Unknown;

        public override bool IsReadOnly => false;

        public override CancellationToken Cancellation => cancel;

        public override IReadOnlyList<SafeHandle> Files => [];

        public override void AddReplyFile(SafeHandle file) => file.Dispose();
    }
}
