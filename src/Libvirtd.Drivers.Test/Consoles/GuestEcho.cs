using System.Buffers;

namespace Libvirtd.Drivers.Test;

/// <summary>What answers on a guest's channel: whatever comes goes back.</summary>
internal sealed class GuestEcho : IGuestTerminal
{
    public void Greet(IBufferWriter<byte> output)
    {
    }

    public void Feed(ReadOnlySpan<byte> input, IBufferWriter<byte> output) => output.Write(input);
}
