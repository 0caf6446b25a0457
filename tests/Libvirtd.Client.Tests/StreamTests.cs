using Libvirtd.Client.Rpc;
using Libvirtd.Protocol;

namespace Libvirtd.Client.Tests;

public sealed class StreamTests
{
    private static readonly StorageVolRef s_volume = new() { Pool = "pool", Name = "vol", Key = "/vol" };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_download_gives_data_holes_and_the_end()
    {
        (FakeServer server, LibvirtConnection connection, ClientStream stream, Frame call) = await DownloadAsync();
        await using LibvirtConnection open = connection;
        await server.StreamAsync(call, NetMessageStatus.Continue, [1, 2, 3]);
        await server.StreamAsync(call, NetMessageStatus.Continue, FakeServer.Encode(new NetStreamHole { Length = 5, Flags = 0 }), NetMessageType.StreamHole);
        await server.StreamAsync(call, NetMessageStatus.Continue, [4]);
        await server.StreamAsync(call, NetMessageStatus.Continue, FakeServer.Encode(new NetStreamHole { Length = 3, Flags = 0 }), NetMessageType.StreamHole);
        await server.StreamAsync(call, NetMessageStatus.Continue, []);
        byte[] buffer = new byte[2];
        Assert.Equal(new SparseRead(2, 0), await stream.ReadSparseAsync(buffer, Cancel));
        Assert.Equal(new SparseRead(1, 0), await stream.ReadSparseAsync(buffer, Cancel));
        Assert.Equal(new SparseRead(0, 5), await stream.ReadSparseAsync(buffer, Cancel));
        Assert.Equal(1, await stream.ReadAsync(buffer, Cancel));
        Assert.Equal(4, buffer[0]);
        Assert.Equal(2, await stream.ReadAsync(buffer, Cancel));
        Assert.Equal([0, 0], buffer);
        Assert.Equal(1, await stream.ReadAsync(buffer, Cancel));
        Assert.Equal(0, await stream.ReadAsync(buffer, Cancel));
        Assert.True((await stream.ReadSparseAsync(buffer, Cancel)).IsEnd);
        Task finishing = stream.FinishAsync(Cancel);
        Frame finish = await server.ExpectAsync(209, NetMessageType.Stream);
        Assert.Equal((NetMessageStatus.Ok, 0, call.Header.Serial), (finish.Header.Status, finish.Payload.Length, finish.Header.Serial));
        await server.StreamAsync(call, NetMessageStatus.Ok, []);
        await finishing;
    }

    [Fact]
    public async Task An_upload_is_cut_into_packets_and_fails_with_what_went_wrong_late()
    {
        (FakeServer server, LibvirtConnection connection) = await FakeServer.OpenAsync();
        await using LibvirtConnection open = connection;
        Task<ClientStream> opening = connection.Remote.StorageVolUploadAsync(s_volume, 0, 0, StorageVolUploadFlags.Stream, Cancel);
        Frame call = await server.ExpectAsync(208);
        await server.ReplyAsync(call, default(NoValue));
        ClientStream stream = await opening;
        await stream.WriteAsync(new byte[262121], Cancel);
        await stream.WriteHoleAsync(4096, Cancel);
        Frame first = await server.ExpectAsync(208, NetMessageType.Stream), second = await server.ExpectAsync(208, NetMessageType.Stream);
        Assert.Equal((262120, 1, NetMessageStatus.Continue), (first.Payload.Length, second.Payload.Length, first.Header.Status));
        Frame hole = await server.ExpectAsync(208, NetMessageType.StreamHole);
        Assert.Equal("000000000000100000000000", Convert.ToHexString(hole.Payload));
        Task finishing = stream.FinishAsync(Cancel);
        await server.ExpectAsync(208, NetMessageType.Stream);
        await server.FailAsync(call, 38, "cannot write: No space left on device", NetMessageType.Stream);
        VirException error = await Assert.ThrowsAsync<VirException>(() => finishing);
        Assert.Equal(ErrorCode.SystemError, error.Code);
        await Assert.ThrowsAsync<VirException>(async () => await stream.WriteAsync(new byte[1], Cancel));
    }

    [Fact]
    public async Task A_failed_stream_gives_what_came_before_and_then_the_error()
    {
        (FakeServer server, LibvirtConnection connection, ClientStream stream, Frame call) = await DownloadAsync();
        await using LibvirtConnection open = connection;
        await server.StreamAsync(call, NetMessageStatus.Continue, [1]);
        await server.FailAsync(call, 39, "stream had I/O failure", NetMessageType.Stream);
        Assert.Equal(1, await stream.ReadAsync(new byte[10], Cancel));
        await Assert.ThrowsAsync<VirException>(async () => await stream.ReadAsync(new byte[10], Cancel));
        await stream.DisposeAsync();
    }

    [Fact]
    public async Task Disposing_a_stream_aborts_it_and_late_data_is_dropped()
    {
        (FakeServer server, LibvirtConnection connection, ClientStream stream, Frame call) = await DownloadAsync();
        await using LibvirtConnection open = connection;
        ValueTask disposing = stream.DisposeAsync();
        Frame abort = await server.ExpectAsync(209, NetMessageType.Stream);
        Assert.Equal((NetMessageStatus.Error, 0), (abort.Header.Status, abort.Payload.Length));
        await server.StreamAsync(call, NetMessageStatus.Continue, [1]);
        await server.StreamAsync(call, NetMessageStatus.Ok, []);
        await disposing;
        await server.StreamAsync(call, NetMessageStatus.Continue, [1]);
        Task<ulong> next = connection.Remote.ConnectGetVersionAsync(Cancel);
        await server.ReplyAsync(await server.ExpectAsync(4), new ConnectGetVersionRet { HvVer = 7 });
        Assert.Equal(7ul, await next);
    }

    [Fact]
    public async Task A_reader_that_is_behind_holds_up_the_connection_until_it_reads()
    {
        (FakeServer server, LibvirtConnection connection, ClientStream stream, Frame call) = await DownloadAsync(
            new LibvirtClientOptions { KeepAliveInterval = TimeSpan.Zero, StreamBacklog = 10, CloseTimeout = TimeSpan.FromMilliseconds(50) });
        await using LibvirtConnection open = connection;
        await server.StreamAsync(call, NetMessageStatus.Continue, new byte[11]);
        Task<ulong> next = connection.Remote.ConnectGetVersionAsync(Cancel);
        await server.ReplyAsync(await server.ExpectAsync(4), new ConnectGetVersionRet { HvVer = 7 });
        Assert.False(next.IsCompleted);
        Assert.Equal(11, await stream.ReadAsync(new byte[20], Cancel));
        Assert.Equal(7ul, await next);
    }

    [Fact]
    public async Task An_end_that_nobody_asked_for_closes_the_connection()
    {
        (FakeServer server, LibvirtConnection connection, ClientStream stream, Frame call) = await DownloadAsync();
        await server.StreamAsync(call, NetMessageStatus.Ok, []);
        await Assert.ThrowsAsync<ConnectionLostException>(async () => await stream.ReadAsync(new byte[10], Cancel));
        await connection.DisposeAsync();
    }

    [Fact]
    public async Task An_error_reply_opens_no_stream()
    {
        (FakeServer server, LibvirtConnection connection) = await FakeServer.OpenAsync();
        await using LibvirtConnection open = connection;
        Task<ClientStream> opening = connection.Remote.StorageVolDownloadAsync(s_volume, 0, 0, cancel: Cancel);
        await server.FailAsync(await server.ExpectAsync(209), 50, "Storage volume not found: x");
        await Assert.ThrowsAsync<VirException>(() => opening);
    }

    private static async Task<(FakeServer Server, LibvirtConnection Connection, ClientStream Stream, Frame Call)> DownloadAsync(LibvirtClientOptions? options = null)
    {
        (FakeServer server, LibvirtConnection connection) = await FakeServer.OpenAsync(options);
        Task<ClientStream> opening = connection.Remote.StorageVolDownloadAsync(s_volume, 0, 0, StorageVolDownloadFlags.Stream, Cancel);
        Frame call = await server.ExpectAsync(209);
        await server.ReplyAsync(call, default(NoValue));
        return (server, connection, await opening, call);
    }
}
