using System.Runtime.InteropServices;
using Libvirtd.Client.Rpc;
using Libvirtd.Protocol;
using Microsoft.Win32.SafeHandles;

namespace Libvirtd.Client.Tests;

public sealed class FileTests
{
    private static readonly DomainRef s_domain = new() { Name = "test", Uuid = Guid.NewGuid(), Id = 1 };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Descriptors_come_with_a_reply_in_order()
    {
        (FakeServer server, LibvirtConnection connection) = await FakeServer.OpenAsync(unix: true);
        await using LibvirtConnection open = connection;
        Task<IReadOnlyList<SafeHandle>> call = connection.Lxc.DomainOpenNamespaceAsync(s_domain, cancel: Cancel);
        Frame frame = await server.ExpectAsync(1);
        using SafeFileHandle first = TemporaryFile(1), second = TemporaryFile(2);
        await server.SendAsync(frame.Header with { Type = NetMessageType.ReplyWithFds }, [0, 0, 0, 2]);
        await server.SendFilesAsync(first, second);
        IReadOnlyList<SafeHandle> files = await call;
        Assert.Equal(2, files.Count);
        Assert.Equal(1, ReadByte(files[0]));
        Assert.Equal(2, ReadByte(files[1]));

        Task<ulong> next = connection.Remote.ConnectGetVersionAsync(Cancel);
        await server.ReplyAsync(await server.ExpectAsync(4), new ConnectGetVersionRet { HvVer = 7 });
        Assert.Equal(7ul, await next);
    }

    [Fact]
    public async Task A_descriptor_goes_with_a_call()
    {
        (FakeServer server, LibvirtConnection connection) = await FakeServer.OpenAsync(unix: true);
        await using LibvirtConnection open = connection;
        using SafeFileHandle file = TemporaryFile(9);
        Task call = connection.Remote.DomainOpenGraphicsAsync(s_domain, 3, default, [file], Cancel);
        Frame frame = await server.ExpectAsync(249, NetMessageType.CallWithFds);
        Assert.Equal([0, 0, 0, 1], frame.Payload[..4]);
        using SafeHandle received = await server.ReceiveFileAsync();
        await server.ReplyAsync(frame, default(NoValue));
        await call;
        Assert.Equal(9, ReadByte(received));
    }

    [Fact]
    public async Task A_connection_without_a_Unix_socket_refuses_descriptors()
    {
        (_, LibvirtConnection connection) = await FakeServer.OpenAsync();
        await using LibvirtConnection open = connection;
        using SafeFileHandle file = TemporaryFile(9);
        await Assert.ThrowsAsync<NotSupportedException>(() =>
            connection.Remote.DomainOpenGraphicsAsync(s_domain, 0, default, [file], Cancel));
    }

    private static SafeFileHandle TemporaryFile(byte content)
    {
        SafeFileHandle file = File.OpenHandle(Path.Combine(Path.GetTempPath(), $"lvx-{Guid.NewGuid():N}"), FileMode.CreateNew, FileAccess.ReadWrite,
            options: FileOptions.DeleteOnClose);
        RandomAccess.Write(file, [content], 0);
        return file;
    }

    private static int ReadByte(SafeHandle file)
    {
        using (file)
        {
            byte[] content = new byte[1];
            return RandomAccess.Read((SafeFileHandle)file, content, 0) == 1 ? content[0] : -1;
        }
    }
}
