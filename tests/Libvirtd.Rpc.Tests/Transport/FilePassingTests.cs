using System.IO.Pipelines;
using System.Net.Sockets;
using Libvirtd.Rpc.Transport;
using Microsoft.Win32.SafeHandles;

namespace Libvirtd.Rpc.Tests.Transport;

public sealed class FilePassingTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Descriptors_arrive_in_order_each_with_its_own_zero_byte()
    {
        await using TransportFixture fixture = new();
        (SocketTransport one, SocketTransport other) = fixture.Pair();
        await ExchangeAsync(fixture, one, other);
        await ExchangeAsync(fixture, other, one);
    }

    [Fact]
    public async Task In_memory_ends_pass_descriptors_the_same_way()
    {
        await using TransportFixture fixture = new();
        (InMemoryTransport one, InMemoryTransport other) = InMemoryTransport.CreatePair();
        fixture.Own(one);
        fixture.Own(other);
        await ExchangeAsync(fixture, one, other);
        await ExchangeAsync(fixture, other, one);
    }

    [Fact]
    public async Task Descriptors_wait_for_room_like_bytes()
    {
        await using TransportFixture fixture = new();
        (SocketTransport one, SocketTransport other) = fixture.Pair();
        using SafeFileHandle file = Temporary(fixture, "one");
        one.Output.GetSpan(4 << 20).Clear();
        one.Output.Advance(4 << 20);
        Task send = one.SendFilesAsync([file, file]).AsTask();
        Assert.False(send.IsCompleted); // behind bytes that the peer has not read
        byte[] got = await TransportFixture.ReadExactlyAsync(other, (4 << 20) + 2);
        await send;
        Assert.Equal(0, got[^1]);
        Assert.True(other.ReceivedFiles.TryTake(4 << 20, out SafeFileHandle? first));
        Assert.True(other.ReceivedFiles.TryTake((4 << 20) + 1, out SafeFileHandle? second));
        first.Dispose();
        second.Dispose();
    }

    [Fact]
    public async Task A_descriptor_on_another_byte_than_its_marker_is_not_taken_for_announced()
    {
        await using TransportFixture fixture = new();
        (SocketTransport ours, Socket raw) = await fixture.AcceptRawAsync();
        using Socket _ = raw;
        using SafeFileHandle file = Temporary(fixture, "one");
        RawSend(raw, [9, 9, 9, 9], [file]); // tied to the packet itself
        raw.Send([0]);                      // and a marker without any
        await TransportFixture.ReadExactlyAsync(ours, 5);
        Assert.Equal(1, ours.ReceivedFiles.Count);
        Assert.False(ours.ReceivedFiles.TryTake(offset: 4, out SafeFileHandle? none));
        Assert.Null(none);
        Assert.Equal(0, ours.ReceivedFiles.Count);
    }

    [Fact]
    public async Task Two_descriptors_in_one_control_message_end_the_connection()
    {
        await using TransportFixture fixture = new();
        (SocketTransport ours, Socket raw) = await fixture.AcceptRawAsync();
        using Socket _ = raw;
        using SafeFileHandle one = Temporary(fixture, "one");
        using SafeFileHandle two = Temporary(fixture, "two");
        RawSend(raw, [0], [one, two]);
        TransportException failure = await Assert.ThrowsAsync<TransportException>(async () => await ours.Input.ReadAsync(Stop));
        Assert.Equal(TransportFault.Violation, failure.Fault);
        Assert.Equal(0, ours.ReceivedFiles.Count);
        Assert.Equal(0, raw.Receive(new byte[1])); // hung up
    }

    [Fact]
    public async Task More_unclaimed_descriptors_than_a_message_may_announce_end_the_connection()
    {
        await using TransportFixture fixture = new();
        (SocketTransport ours, Socket raw) = await fixture.AcceptRawAsync();
        using Socket _ = raw;
        using SafeFileHandle file = Temporary(fixture, "one");
        for (int i = 0; i <= ReceivedFiles.Limit; i++) RawSend(raw, [0], [file]);
        TransportException failure = await Assert.ThrowsAsync<TransportException>(() => TransportFixture.ReadToEndAsync(ours));
        Assert.Equal(TransportFault.Violation, failure.Fault);
    }

    [Fact]
    public async Task Bytes_behind_a_descriptor_are_read_without_another_wake_up()
    {
        await using TransportFixture fixture = new();
        (SocketTransport ours, Socket raw) = await fixture.AcceptRawAsync();
        using Socket _ = raw;
        using SafeFileHandle file = Temporary(fixture, "one");
        // All of it is there before the first read: the kernel's one report covers what stands behind the descriptors too.
        raw.Send([1, 2, 3]);
        RawSend(raw, [0], [file]);
        RawSend(raw, [0], [file]);
        raw.Send([4, 5]);
        Assert.Equal([1, 2, 3, 0, 0, 4, 5], await TransportFixture.ReadExactlyAsync(ours, 7));
        Assert.True(ours.ReceivedFiles.TryTake(3, out SafeFileHandle? first));
        Assert.True(ours.ReceivedFiles.TryTake(4, out SafeFileHandle? second));
        first.Dispose();
        second.Dispose();
    }

    [Fact]
    public async Task Tcp_passes_no_descriptors()
    {
        await using TransportFixture fixture = new();
        (SocketTransport ours, Socket raw) = await fixture.AcceptRawAsync(tcp: true);
        using Socket _ = raw;
        using SafeFileHandle file = Temporary(fixture, "one");
        await Assert.ThrowsAsync<NotSupportedException>(async () => await ours.SendFilesAsync([file]));
    }

    private static async Task ExchangeAsync(TransportFixture fixture, ITransport from, ITransport to)
    {
        SafeFileHandle[] files = [Temporary(fixture, "one"), Temporary(fixture, "two"), Temporary(fixture, "three")];
        long before = to.ReceivedFiles.Count;
        Assert.Equal(0, before);
        await from.Output.WriteAsync(new byte[] { 7, 7, 7, 7 }, Stop);
        await from.SendFilesAsync(files);
        await from.Output.WriteAsync(new byte[] { 8 }, Stop);
        foreach (SafeFileHandle file in files) file.Dispose();

        Assert.Equal([7, 7, 7, 7, 0, 0, 0, 8], await TransportFixture.ReadExactlyAsync(to, 8));
        for (int i = 0; i < files.Length; i++)
        {
            Assert.True(to.ReceivedFiles.TryTake(4 + i, out SafeFileHandle? file));
            using FileStream stream = new(file, FileAccess.Read);
            stream.Position = 0;
            using StreamReader reader = new(stream);
            Assert.Equal(new[] { "one", "two", "three" }[i], await reader.ReadToEndAsync(Stop));
        }
        Assert.False(to.ReceivedFiles.TryTake(out _));
    }

    private static SafeFileHandle Temporary(TransportFixture fixture, string text)
    {
        string path = Path.Combine(fixture.Folder, Path.GetRandomFileName());
        File.WriteAllText(path, text);
        return File.OpenHandle(path);
    }

    /// <summary>Any bytes with any number of descriptors in one control message, as a wrong peer may send them.</summary>
    private static unsafe void RawSend(Socket socket, byte[] bytes, SafeFileHandle[] files)
    {
        byte* control = stackalloc byte[16 + 8 * files.Length];
        *(nint*)control = 16 + 4 * files.Length;
        *(int*)(control + 8) = Native.SOL_SOCKET;
        *(int*)(control + 12) = Native.SCM_RIGHTS;
        for (int i = 0; i < files.Length; i++) *(int*)(control + 16 + 4 * i) = (int)files[i].DangerousGetHandle();
        fixed (byte* start = bytes)
        {
            Native.IoVec vector = new() { Base = start, Length = bytes.Length };
            Native.MsgHdr message = new() { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = (16 + 4 * files.Length + 7) & ~7 };
            if (Native.sendmsg(socket.SafeHandle, &message, 0) != bytes.Length) throw Native.Failure("sendmsg");
        }
        GC.KeepAlive(files);
    }
}
