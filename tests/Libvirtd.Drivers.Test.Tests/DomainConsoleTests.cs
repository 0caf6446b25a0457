using System.Text;
using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class DomainConsoleTests
{
    private const string Devices = "<console type='pty'/><channel type='unix'><target type='virtio' name='a.b'/></channel>"
        + "<channel type='pty'><target type='virtio' name='c'/></channel><graphics type='vnc'/><graphics type='sdl'/>";

    [Fact]
    public async Task A_console_asks_for_a_name_and_knows_a_few_commands()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef dom = await StartAsync(host);
        await using StreamEndpoint console = await host.Domains.OpenConsole(Call, dom, null, 0);
        Assert.Equal("\r\nDebian GNU/Linux 12 vmhost hvc0\r\n\r\nvmhost login: ", await ReadAsync(console, "login: "));
        Assert.Equal("joe\r\nLinux vmhost 6.1.0-test\r\njoe@vmhost:~$ ", await TypeAsync(console, "joe\r", "$ "));
        Assert.Equal("ecx\b \bho hi\r\nhi\r\njoe@vmhost:~$ ", await TypeAsync(console, "ecx\u007fho hi\r\n", "$ "));
        Assert.Equal("fly\r\n-sh: fly: command not found\r\njoe@vmhost:~$ ", await TypeAsync(console, "fly\n", "$ "));
        Assert.Equal("\r\nlogout\r\nvmhost login: ", await TypeAsync(console, "\u0004", "login: "));
    }

    [Fact]
    public async Task One_at_a_time_unless_by_force()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef dom = await StartAsync(host);
        StreamEndpoint first = await host.Domains.OpenConsole(Call, dom, "serial0", 0);
        Assert.Equal("operation failed: Active console session exists for this domain",
            Fails(() => host.Domains.OpenConsole(Call, dom, null, DomainConsoleFlags.Safe)).Text);
        await using StreamEndpoint second = await host.Domains.OpenConsole(Call, dom, null, DomainConsoleFlags.Force);
        await ReadAsync(first, null);
        await first.DisposeAsync();
        Assert.EndsWith("login: ", await ReadAsync(second, "login: "), StringComparison.Ordinal);
        Assert.Equal(ErrorCode.OperationFailed, Fails(() => host.Domains.OpenConsole(Call, dom, null, 0)).Code);
        await second.FinishAsync(Call.Cancellation);
        await (await host.Domains.OpenConsole(Call, dom, null, 0)).DisposeAsync();
    }

    [Fact]
    public async Task The_end_of_the_domain_ends_its_streams()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef dom = await StartAsync(host);
        await using StreamEndpoint console = await host.Domains.OpenConsole(Call, dom, null, 0);
        await using StreamEndpoint channel = await host.Domains.OpenChannel(Call, dom, null, 0);
        Task<string> rest = ReadAsync(channel, null);
        await TypeAsync(console, "joe\r", "$ ");
        await console.WriteAsync("poweroff\r"u8.ToArray(), Call.Cancellation);
        Assert.EndsWith("reboot: Power down\r\n", await ReadAsync(console, null), StringComparison.Ordinal);
        Assert.Equal("", await rest);
        Assert.Equal(DomainState.Shutoff, host.State(dom).State);
    }

    [Fact]
    public async Task A_channel_gives_back_what_it_gets()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef dom = await StartAsync(host);
        await using StreamEndpoint channel = await host.Domains.OpenChannel(Call, dom, "a.b", 0);
        Assert.Equal("ping\n", await TypeAsync(channel, "ping\n", "\n"));
        Assert.Equal("internal error: channel c is not using a UNIX socket", Fails(() => host.Domains.OpenChannel(Call, dom, "c", 0)).Text);
        Assert.Equal("internal error: cannot find channel d", Fails(() => host.Domains.OpenChannel(Call, dom, "d", 0)).Text);
    }

    [Fact]
    public async Task What_is_not_there_cannot_be_opened()
    {
        await using Hypervisor host = await OpenAsync();
        Assert.Equal("internal error: cannot find character device <null>", Fails(() => host.Domains.OpenConsole(Call, host.Test, null, 0)).Text);
        Assert.Equal("internal error: cannot find character device console9", Fails(() => host.Domains.OpenConsole(Call, host.Test, "console9", 0)).Text);
        Assert.Equal("internal error: No graphics backend with index 0", Fails(() => host.Domains.OpenGraphics(Call, host.Test, 0, 0)).Text);
        DomainRef dom = await StartAsync(host);
        Assert.Equal("unsupported configuration: Can only open VNC, SPICE or D-Bus p2p graphics backends, not sdl",
            Fails(() => host.Domains.OpenGraphicsFd(Call, dom, 1, 0)).Text);
        await host.Domains.GraphicsReload(Call, dom, DomainGraphicsReloadType.Vnc, 0);
        Assert.Equal(ErrorCode.OperationUnsupported, Fails(() => host.Domains.GraphicsReload(Call, host.Test, 0, 0)).Code);
        await host.Domains.Destroy(Call, dom);
        Assert.Equal("Requested operation is not valid: domain is not running", Fails(() => host.Domains.OpenConsole(Call, dom, null, 0)).Text);
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_not_read_from()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef dom = await StartAsync(host);
        await using StreamEndpoint channel = await host.Domains.OpenChannel(Call, dom, null, 0);
        byte[] much = new byte[1 << 20];
        Task write = channel.WriteAsync(much, Call.Cancellation).AsTask();
        Assert.False(write.IsCompleted);
        byte[] buffer = new byte[1 << 16];
        int got = 0;
        while (got < much.Length)
            got += (await channel.ReadAsync(buffer, Call.Cancellation)).Count;
        await write;
    }

    private static async Task<DomainRef> StartAsync(Hypervisor host)
    {
        DomainRef dom = host.Define("vm", devices: Devices);
        await host.Domains.Create(Call, dom);
        return dom;
    }

    private static async Task<string> TypeAsync(StreamEndpoint stream, string text, string until)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes(text), Call.Cancellation);
        return await ReadAsync(stream, until);
    }

    /// <summary>What the guest says up to a text, or to the stream's end.</summary>
    private static async Task<string> ReadAsync(StreamEndpoint stream, string? until)
    {
        byte[] buffer = new byte[1024];
        StringBuilder said = new();
        while (until is null || !said.ToString().EndsWith(until, StringComparison.Ordinal))
        {
            StreamRead read = await stream.ReadAsync(buffer, Call.Cancellation);
            if (read.IsEnd)
                break;
            said.Append(Encoding.ASCII.GetString(buffer, 0, read.Count));
        }

        return said.ToString();
    }
}
