using System.Runtime.InteropServices;
using Libvirtd.Protocol;
using Libvirtd.Rpc.Tests.Transport;
using Libvirtd.Rpc.Transport;

namespace Libvirtd.Rpc.Tests.Sessions;

public sealed class FileDescriptorTests
{
    private const int OpenGraphics = 249;
    private const int OpenGraphicsFd = 343;

    private static readonly byte[] s_arguments = [.. Packet.Encode(FakeDomains.Arguments), 0, 0, 0, 0, 0, 0, 0, 0];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(32)]
    public async Task Descriptors_reach_the_driver_and_are_closed_when_the_call_ends(int count)
    {
        await using SessionFixture fixture = new();
        TaskCompletionSource go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        IReadOnlyList<SafeHandle> seen = [];
        fixture.Connection.Guests.OnOpenGraphics = async call =>
        {
            seen = call.Files;
            await go.Task;
            Assert.All(seen, file => Assert.False(file.IsClosed));
        };
        RawClient client = await fixture.OpenAsync();
        AnonymousPipe[] pipes = [.. Enumerable.Range(0, count).Select(_ => new AnonymousPipe())];
        await SendCallAsync(client, count, [.. pipes.Select(pipe => pipe.WriteEnd)]);
        await client.SyncAsync(); // the markers were taken out of the input
        go.SetResult();
        Packet reply = await client.ReadAsync();
        Assert.False(reply.IsError);
        Assert.Equal(NetMessageType.Reply, reply.Header.Type);
        Assert.Equal(count, seen.Count);
        foreach (AnonymousPipe pipe in pipes)
        {
            pipe.WriteEnd.Dispose();
            Assert.Equal(0, await Task.Run(pipe.Read).Soon()); // no copy is left open
            pipe.Dispose();
        }
    }

    [Theory]
    [InlineData("unknown procedure", 999)]
    [InlineData("undecodable", 23)]
    [InlineData("no use for them", 34)]
    public async Task Descriptors_of_a_call_that_fails_are_closed(string why, int procedure)
    {
        await using SessionFixture fixture = new();
        RawClient client = await fixture.OpenAsync();
        using AnonymousPipe pipe = new();
        await client.SendAsync(Packet.Make(RawClient.Header(procedure, 5, NetMessageType.CallWithFds), [0, 0, 0, 1]));
        await client.Transport.SendFilesAsync([pipe.WriteEnd]);
        Assert.True((await client.ReadAsync()).IsError, why);
        pipe.WriteEnd.Dispose();
        Assert.Equal(0, await Task.Run(pipe.Read).Soon());
        await client.SyncAsync();
    }

    [Theory]
    [InlineData(33u)]
    [InlineData(uint.MaxValue)]
    public async Task Too_many_descriptors_close_the_connection(uint count)
    {
        await using SessionFixture fixture = new();
        RawClient client = await fixture.OpenAsync();
        await client.SendAsync(Call(count));
        await client.EndsAsync();
    }

    [Fact]
    public async Task A_call_with_descriptors_that_does_not_say_how_many_closes_the_connection()
    {
        await using SessionFixture fixture = new();
        RawClient client = await fixture.OpenAsync();
        await client.SendAsync(Packet.Make(RawClient.Header(OpenGraphics, 5, NetMessageType.CallWithFds), [0, 0]));
        await client.EndsAsync();
    }

    [Fact]
    public async Task A_marker_without_a_descriptor_closes_the_connection()
    {
        await using SessionFixture fixture = new();
        RawClient client = await fixture.OpenAsync();
        await client.SendAsync(Call(1), [0]);
        await client.EndsAsync();
    }

    [Fact]
    public async Task Tcp_carries_no_descriptors()
    {
        await using SessionFixture fixture = new();
        fixture.Connection.Guests.OnOpenGraphics = _ => default;
        RawClient client = await fixture.OpenAsync(TransportKind.Tcp);
        await client.SendAsync(Call(0));
        Assert.False((await client.ReadAsync()).IsError);
        await client.SendAsync(Call(1), [0]);
        await client.EndsAsync();
    }

    [Fact]
    public async Task A_reply_with_descriptors_counts_them_and_sends_a_marker_for_each()
    {
        await using SessionFixture fixture = new();
        using AnonymousPipe one = new();
        using AnonymousPipe two = new();
        fixture.Connection.Guests.OnOpenGraphics = call =>
        {
            call.AddReplyFile(one.WriteEnd);
            call.AddReplyFile(two.WriteEnd);
            return default;
        };
        RawClient client = await fixture.OpenAsync();
        await client.SendAsync(Packet.Make(RawClient.Header(OpenGraphicsFd, 5), s_arguments), RawClient.Ping);
        Packet reply = await client.ReadAsync();
        Assert.Equal("00000020 20008086 00000001 00000157 00000005 00000005 00000000 00000002", Packet.Hex(reply.Whole));
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(0, await client.ReadMarkerAsync());
            Assert.True(client.Transport.ReceivedFiles.TryTake(out var file));
            file.Dispose();
        }
        Assert.True(RawClient.IsPong(await client.ReadAsync()));
        Assert.True(one.WriteEnd.IsClosed);
        Assert.Equal(0, await Task.Run(one.Read).Soon());
    }

    [Fact]
    public async Task A_call_that_fails_after_it_added_descriptors_sends_none()
    {
        await using SessionFixture fixture = new();
        using AnonymousPipe pipe = new();
        fixture.Connection.Guests.OnOpenGraphics = call =>
        {
            call.AddReplyFile(pipe.WriteEnd);
            throw new InvalidOperationException("a bug");
        };
        RawClient client = await fixture.OpenAsync();
        await client.SendAsync(Packet.Make(RawClient.Header(OpenGraphicsFd, 5), s_arguments));
        Packet reply = await client.ReadAsync();
        Assert.Equal((1, 7), (reply.Error().Code, reply.Error().Domain));
        Assert.Equal(NetMessageType.Reply, reply.Header.Type);
        Assert.True(pipe.WriteEnd.IsClosed);
        await client.SyncAsync();
    }

    private static byte[] Call(uint count) => Packet.Make(
        RawClient.Header(OpenGraphics, 5, NetMessageType.CallWithFds),
        [.. Packet.Encode(writer => writer.WriteUInt32(count)), .. s_arguments]);

    private static async Task SendCallAsync(RawClient client, int count, IReadOnlyList<SafeHandle> files)
    {
        await client.SendAsync(Call((uint)count));
        if (files.Count > 0)
            await client.Transport.SendFilesAsync(files);
    }
}
