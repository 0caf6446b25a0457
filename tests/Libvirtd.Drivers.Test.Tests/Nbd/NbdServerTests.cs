using System.Net;
using System.Net.Sockets;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class NbdServerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("nbd-").FullName;

    private string Place => Path.Combine(_folder, "s");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Clients_are_served_until_the_server_ends()
    {
        NbdServer server = Serve(Unix(Place));
        await using NbdClient one = await (await NbdClient.ConnectAsync(Place)).GoAsync(isStructured: false);
        await using NbdClient two = await (await NbdClient.ConnectAsync(Place)).GoAsync(isStructured: false);
        Assert.Equal(await one.DiskAsync(5, 10), await two.DiskAsync(5, 10));
        server.Dispose();
        server.Dispose();
        await one.HungUpAsync();
        await two.HungUpAsync();
        Assert.False(File.Exists(Place));
        await Assert.ThrowsAsync<SocketException>(() => NbdClient.ConnectAsync(Place));
    }

    [Fact]
    public async Task One_client_too_many_is_hung_up_on()
    {
        using NbdServer server = Serve(Unix(Place));
        List<NbdClient> clients = [];
        for (int i = 0; i < NbdServer.MostClients; i++)
            clients.Add(await (await NbdClient.ConnectAsync(Place)).GreetAsync());
        Assert.Equal(NbdServer.MostClients, server.Clients);
        await using (NbdClient last = await NbdClient.ConnectAsync(Place))
            await last.HungUpAsync();
        foreach (NbdClient client in clients)
            await client.OptionAsync(2);
        foreach (NbdClient client in clients)
        {
            await client.HungUpAsync();
            await client.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_port_is_listened_on_at_all_addresses_of_its_name()
    {
        int port = FreePort();
        using NbdServer server = Serve(Tcp("localhost", port));
        await using NbdClient client = await (await NbdClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port))).GoAsync(isStructured: false);
        Assert.Equal(5, (await client.DiskAsync(4, 1))[0]);
        Assert.Equal("internal error: unable to execute QEMU command 'nbd-server-start': Failed to find an available port: Address already in use",
            Fails(Tcp("127.0.0.1", port)));
        Assert.Equal("internal error: unable to execute QEMU command 'nbd-server-start': Failed to find an available port: Address already in use",
            Fails(Tcp("localhost", port)));
    }

    [Fact]
    public async Task A_name_that_nobody_knows_is_told()
    {
        NbdAddress address = Tcp("no.such.host.invalid", 10809);
        Assert.True(address.NeedsLookup);
        VirException e = await Assert.ThrowsAsync<VirException>(() => address.LookUpAsync(TestContext.Current.CancellationToken).AsTask());
        Assert.Equal("internal error: unable to execute QEMU command 'nbd-server-start': address resolution failed for no.such.host.invalid:10809: "
            + "Name or service not known", e.Message);
    }

    [Fact]
    public void An_address_that_is_not_here_is_told() =>
        Assert.Equal("internal error: unable to execute QEMU command 'nbd-server-start': Failed to bind socket: Cannot assign requested address",
            Fails(Tcp("192.0.2.1", FreePort())));

    [Fact]
    public void A_socket_that_was_left_over_is_replaced_and_nothing_else_is()
    {
        LeaveSocket();
        using NbdServer server = Serve(Unix(Place));
        string prefix = $"internal error: unable to execute QEMU command 'nbd-server-start': Failed to bind socket to ";
        Assert.Equal($"{prefix}{Place}: Address already in use", Fails(Unix(Place)));
        File.WriteAllText(Place + "file", "mine");
        Assert.Equal($"{prefix}{Place}file: Address already in use", Fails(Unix(Place + "file")));
        Assert.Equal("mine", File.ReadAllText(Place + "file"));
        Assert.Equal($"{prefix}{_folder}/none/s: No such file or directory", Fails(Unix(_folder + "/none/s")));
        Assert.StartsWith("internal error: unable to execute QEMU command 'nbd-server-start': UNIX socket path '", Fails(Unix("/" + new string('x', 200))));
    }

    /// <summary>What a process that was killed leaves: disposing a socket removes its file, but not from where it was moved to.</summary>
    private void LeaveSocket()
    {
        Socket bound = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        bound.Bind(new UnixDomainSocketEndPoint(Place));
        bound.Listen(1);
        string aside = Place + "aside";
        File.Move(Place, aside);
        bound.Dispose();
        File.Move(aside, Place);
    }

    private static NbdServer Serve(NbdAddress address) => new(address, [new StripedExport()]);

    private static string Fails(NbdAddress address) => Assert.Throws<VirException>(() => Serve(address)).Message;

    private static NbdAddress Unix(string path) => Of($"<server transport='unix' socket='{path}'/>");

    private static NbdAddress Tcp(string name, int port) => Of($"<server transport='tcp' name='{name}' port='{port}'/>");

    private static NbdAddress Of(string server) => new(BackupDocument.Parse($"<domainbackup mode='pull'>{server}</domainbackup>").Root.Child("server")!);

    private static int FreePort()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
