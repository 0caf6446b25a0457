using Libvirtd.Protocol;
using Libvirtd.Xdr;

namespace Libvirtd.Rpc.Dispatch;

/// <summary>A program that a session answers; the dispatchers are generated.</summary>
internal abstract class ServerProgram
{
    public abstract uint Number { get; }

    public abstract uint Version { get; }

    /// <summary>The procedure of that number, events included; null when there is none.</summary>
    public abstract ProcedureInfo? Find(int number);

    /// <summary>Decodes the arguments, checks the rules and calls the driver; <paramref name="call"/> is answered at once or later.</summary>
    /// <exception cref="VirException">The answer is this error.</exception>
    /// <exception cref="XdrException">The arguments do not decode.</exception>
    public abstract void Dispatch(ServerCall call, ref XdrReader reader);
}
