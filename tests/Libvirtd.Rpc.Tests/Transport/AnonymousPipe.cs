using System.IO.Pipes;
using System.Runtime.InteropServices;

namespace Libvirtd.Rpc.Tests.Transport;

/// <summary>A kernel pipe: its reader learns when the last copy of the writing end is closed.</summary>
internal sealed class AnonymousPipe : IDisposable
{
    private readonly AnonymousPipeServerStream _reader = new(PipeDirection.In, HandleInheritability.None);

    public SafeHandle WriteEnd => _reader.ClientSafePipeHandle;

    public int Read() => _reader.ReadByte() is var read && read < 0 ? 0 : 1;

    public void Dispose() => _reader.Dispose();
}
