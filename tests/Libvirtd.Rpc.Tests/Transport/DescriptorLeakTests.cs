using System.Net.Sockets;
using Libvirtd.Rpc.Transport;

namespace Libvirtd.Rpc.Tests.Transport;

/// <summary>Counts the descriptors of the whole process, so nothing else may run beside it.</summary>
[Collection(nameof(Alone))]
public sealed class DescriptorLeakTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_thousand_connections_leave_no_descriptor_behind()
    {
        await using TransportFixture fixture = new();
        Socket listener = fixture.ListenUnix(out string path);
        fixture.Own(new SocketAcceptor(listener, fixture.Loops, transport =>
        {
            _ = TransportFixture.EchoAsync(transport);
            return true;
        }));
        await ConnectManyAsync(fixture, path, 50); // whatever is opened once is open now
        int before = OpenDescriptors();
        for (int batch = 0; batch < 20; batch++) await ConnectManyAsync(fixture, path, 50);
        await TransportFixture.UntilAsync(() => OpenDescriptors() <= before, $"back to {before} descriptors");
    }

    private static async Task ConnectManyAsync(TransportFixture fixture, string path, int count) =>
        await Task.WhenAll(Enumerable.Range(0, count).Select(async i =>
        {
            SocketTransport client = await SocketTransport.ConnectUnixAsync(path, fixture.Loops.Next(), cancel: Stop);
            if (i % 3 != 0)
            {
                await client.Output.WriteAsync(new byte[] { 1, 2, 3 }, Stop);
                await TransportFixture.ReadExactlyAsync(client, 3);
            }
            // Some leave with a descriptor that the other side never takes.
            if (i % 5 == 0) await client.SendFilesAsync([client.Handle]);
            await client.DisposeAsync();
            Assert.True(client.Handle.IsClosed);
        }));

    private static int OpenDescriptors() => Directory.GetFileSystemEntries("/proc/self/fd").Length;
}
