using Libvirtd.Daemon.Interop;
using Libvirtd.Drivers;
using Libvirtd.Protocol;
using Libvirtd.Rpc;
using Libvirtd.Rpc.Transport;

namespace Libvirtd.Daemon.Admin;

/// <summary>What is known of a client, as typed parameters in libvirt's order. What is not known is left out.</summary>
internal static class ClientInfo
{
    public static TypedParam[] Of(RpcClient client)
    {
        ClientIdentity identity = client.Identity;
        List<TypedParam> info = [new(LibvirtConstants.ClientInfoReadonly, client.IsReadOnly)];
        Text(LibvirtConstants.ClientInfoSaslUserName, identity.SaslUserName);
        if (client.Transport == TransportKind.Unix)
        {
            Number(LibvirtConstants.ClientInfoUnixUserId, identity.UserId);
            Text(LibvirtConstants.ClientInfoUnixUserName, identity.UserName ?? (identity.UserId is { } user ? Libc.UserName((uint)user) : null));
            Number(LibvirtConstants.ClientInfoUnixGroupId, identity.GroupId);
            Text(LibvirtConstants.ClientInfoUnixGroupName, identity.GroupName ?? (identity.GroupId is { } group ? Libc.GroupName((uint)group) : null));
            Number(LibvirtConstants.ClientInfoUnixProcessId, (ulong?)identity.ProcessId);
        }
        else
        {
            Text(LibvirtConstants.ClientInfoSocketAddr, identity.SocketAddress);
            Text(LibvirtConstants.ClientInfoX509DistinguishedName, identity.X509DistinguishedName);
        }
        Text(LibvirtConstants.ClientInfoSelinuxContext, identity.SelinuxContext);
        return [.. info];

        void Text(string name, string? value)
        {
            if (value is not null) info.Add(new TypedParam(name, value));
        }

        // Signed on the wire, whatever the C types are.
        void Number(string name, ulong? value)
        {
            if (value is { } number) info.Add(new TypedParam(name, unchecked((int)number)));
        }
    }
}
