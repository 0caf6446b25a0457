using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Where an NBD server listens: a TCP port of a host's addresses, or a UNIX socket. Errors are those of QEMU's servers.</summary>
internal sealed class NbdAddress
{
    private const int Backlog = 16;
    private const int AddressInUse = 98;

    private readonly string? _path;
    private readonly string _name = "localhost";
    private readonly int _port;
    private IPAddress[] _addresses = [];

    /// <param name="server">What the document says of the server: complete.</param>
    public NbdAddress(Node server)
    {
        if (server["transport"] == "unix")
        {
            _path = server["socket"];
            return;
        }

        _name = server["name"] ?? _name;
        _port = server["port"] is { } port ? int.Parse(port, CultureInfo.InvariantCulture) : 0;
        if (IPAddress.TryParse(_name, out IPAddress? address))
            _addresses = [address];
        else if (_name == "localhost")
            _addresses = [IPAddress.Loopback, IPAddress.IPv6Loopback];
    }

    /// <summary>The name must be looked up before anybody can listen.</summary>
    public bool NeedsLookup => _path is null && _addresses.Length == 0;

    /// <exception cref="VirException">Nobody knows the name (VIR_ERR_INTERNAL_ERROR).</exception>
    public async ValueTask LookUpAsync(CancellationToken cancel)
    {
        try
        {
            _addresses = await Dns.GetHostAddressesAsync(_name, cancel).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            throw CannotStart(string.Create(CultureInfo.InvariantCulture, $"address resolution failed for {_name}:{_port}: Name or service not known"));
        }
    }

    /// <summary>Begins to listen: on a path, or on all addresses that the name has here and that are free.</summary>
    /// <exception cref="VirException">Nowhere is it possible (VIR_ERR_INTERNAL_ERROR).</exception>
    public List<Socket> Listen()
    {
        if (_path is not null)
            return [ListenAt(_path)];
        List<Socket> sockets = [];
        SocketException? failure = null;
        foreach (IPAddress address in _addresses)
        {
            try
            {
                sockets.Add(Open(new IPEndPoint(address, _port)));
            }
            catch (SocketException e)
            {
                failure = e;
            }
        }

        // Not every machine has both families of localhost.
        if (sockets.Count > 0 && failure?.NativeErrorCode != AddressInUse)
            return sockets;
        foreach (Socket socket in sockets)
            socket.Dispose();
        throw CannotStart((failure?.NativeErrorCode == AddressInUse ? "Failed to find an available port: " : "Failed to bind socket: ") + Reason(failure));
    }

    /// <summary>Removes what <see cref="Listen"/> made.</summary>
    public void CleanUp()
    {
        if (_path is not null)
            File.Delete(_path);
    }

    private static Socket ListenAt(string path)
    {
        UnixDomainSocketEndPoint place;
        try
        {
            place = new UnixDomainSocketEndPoint(path);
        }
        catch (ArgumentException)
        {
            throw CannotStart($"UNIX socket path '{path}' is too long");
        }

        try
        {
            return Open(place);
        }
        catch (SocketException e) when (e.NativeErrorCode == AddressInUse && IsLeftOver(place))
        {
            File.Delete(path);
        }
        catch (SocketException e)
        {
            throw CannotBind(path, e);
        }

        try
        {
            return Open(place);
        }
        catch (SocketException e)
        {
            throw CannotBind(path, e);
        }
    }

    /// <summary>A socket whose server is gone. QEMU removes whatever lies at the path; other files, and what somebody uses, are safe here.</summary>
    private static bool IsLeftOver(UnixDomainSocketEndPoint place)
    {
        using Socket probe = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            probe.Connect(place);
            return false;
        }
        catch (SocketException e)
        {
            // A file that is no socket refuses as well, but it can be opened: a socket cannot.
            return e.SocketErrorCode == SocketError.ConnectionRefused && !CanBeOpened(place.ToString());
        }
    }

    private static bool CanBeOpened(string path)
    {
        try
        {
            File.OpenHandle(path).Dispose();
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static Socket Open(EndPoint place)
    {
        Socket socket = new(place.AddressFamily, SocketType.Stream, place is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified);
        try
        {
            if (place.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = false;
            socket.Bind(place);
            socket.Listen(Backlog);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // A folder that is not there is not told as such by the framework.
    private static VirException CannotBind(string path, SocketException e) => CannotStart(
        $"Failed to bind socket to {path}: {(Directory.Exists(Path.GetDirectoryName(path)) ? Reason(e) : "No such file or directory")}");

    private static string Reason(SocketException? failure) => failure is null ? "no address" : Marshal.GetPInvokeErrorMessage(failure.NativeErrorCode);

    private static VirException CannotStart(string reason) =>
        VirException.Internal(ErrorDomain.Test, $"unable to execute QEMU command 'nbd-server-start': {reason}");
}
