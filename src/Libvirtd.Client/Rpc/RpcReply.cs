using System.Runtime.InteropServices;
using Libvirtd.Xdr;

namespace Libvirtd.Client.Rpc;

/// <summary>The answer to a call.</summary>
internal readonly record struct RpcReply<T>(T Value, IReadOnlyList<SafeHandle> Files, ClientStream? Stream);

/// <summary>Arguments or results of a procedure that has none.</summary>
internal readonly struct NoValue : IXdrValue<NoValue>
{
    public static NoValue Decode(ref XdrReader reader) => default;

    public void Encode(XdrWriter writer)
    {
    }
}
