using System.Net.Sockets;
using Libvirtd.Client.Rpc;
using Libvirtd.Client.Transport;
using Libvirtd.Protocol;
using Libvirtd.Xdr;

namespace Libvirtd.Client;

/// <summary>
/// A connection to a libvirt server. <see cref="Remote"/>, <see cref="Qemu"/> and <see cref="Lxc"/> have one method for each procedure; any number of
/// calls may be under way at once.
/// </summary>
public sealed class LibvirtConnection : IAsyncDisposable
{
    private const int FeatureKeepAlive = 10;

    private readonly RpcSession _session;
    private int _disposed;

    private LibvirtConnection(RpcSession session)
    {
        _session = session;
        Remote = new RemoteClient(session);
        Qemu = new QemuClient(session);
        Lxc = new LxcClient(session);
    }

    /// <summary>The main program.</summary>
    public RemoteClient Remote { get; }

    /// <summary>What only QEMU has.</summary>
    public QemuClient Qemu { get; }

    /// <summary>What only LXC has.</summary>
    public LxcClient Lxc { get; }

    /// <summary>Ends when the connection has ended, whatever the reason; it never fails.</summary>
    public Task Closed => _session.Closed;

    /// <summary>Why the connection ended; null while it lives.</summary>
    public ConnectionLostException? Lost => _session.Lost;

    /// <summary>
    /// Connects to the server that a libvirt URI names, over a Unix socket or plain TCP, and opens its driver:
    /// <c>qemu:///system</c>, <c>test+unix:///default?socket=/run/x</c>, <c>test+tcp://host/default</c>.
    /// </summary>
    /// <exception cref="FormatException">The URI is none.</exception>
    /// <exception cref="NotSupportedException">The URI asks for TLS, or the server for authentication.</exception>
    /// <exception cref="ConnectionLostException">The server cannot be reached.</exception>
    /// <exception cref="VirException">The server refuses to open the driver.</exception>
    public static async Task<LibvirtConnection> OpenAsync(string uri, LibvirtClientOptions? options = null, CancellationToken cancel = default)
    {
        options ??= new LibvirtClientOptions();
        LibvirtUri parsed = LibvirtUri.Parse(uri);
        RpcTransport transport = await ConnectAsync(parsed, options, cancel).ConfigureAwait(false);
        return await OpenAsync(transport, parsed.Name, options, cancel).ConfigureAwait(false);
    }

    /// <summary>Opens a driver over a transport that is connected; the connection owns it from then on.</summary>
    /// <param name="transport">Where the server is.</param>
    /// <param name="name">The URI as the server is to see it: <c>test:///default</c>.</param>
    /// <param name="options">How the connection behaves.</param>
    /// <param name="cancel">Gives up.</param>
    /// <inheritdoc cref="OpenAsync(string, LibvirtClientOptions?, CancellationToken)"/>
    public static async Task<LibvirtConnection> OpenAsync(RpcTransport transport, string name, LibvirtClientOptions? options = null,
        CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(transport);
        options ??= new LibvirtClientOptions();
        RpcSession session = new(transport, options);
        LibvirtConnection connection = new(session);
        try
        {
            await connection.AuthenticateAsync(cancel).ConfigureAwait(false);
            if (options.KeepAliveInterval > TimeSpan.Zero && await connection.HasFeatureAsync(FeatureKeepAlive, cancel).ConfigureAwait(false))
                session.StartPings();
            await connection.Remote.ConnectOpenAsync(name, options.ReadOnly ? (uint)ConnectFlags.Ro : 0, cancel).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await session.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Whether the server, or its driver, has a feature of CONNECT_SUPPORTS_FEATURE.</summary>
    /// <exception cref="ConnectionLostException">The connection has ended.</exception>
    public async Task<bool> HasFeatureAsync(int feature, CancellationToken cancel = default)
    {
        try
        {
            return await Remote.ConnectSupportsFeatureAsync(feature, cancel).ConfigureAwait(false) != 0;
        }
        catch (VirException)
        {
            return false;
        }
    }

    /// <summary>Registers for events, of all objects or of one; no event after the server's answer is missed.</summary>
    /// <exception cref="VirException">The server refuses.</exception>
    /// <exception cref="ConnectionLostException">The connection has ended.</exception>
    public async Task<EventSubscription<TMessage>> SubscribeAsync<TMessage, TObject>(LibvirtEvent<TMessage, TObject> kind, TObject? about = null,
        CancellationToken cancel = default)
        where TMessage : struct, IXdrValue<TMessage>
        where TObject : struct
    {
        ArgumentNullException.ThrowIfNull(kind);
        EventSubscription<TMessage> subscription = new(_session.Options.EventBacklog, id => DeregisterAsync(kind, id));
        _session.BeginRegistration();
        EventSubscription<TMessage>? registered = null;
        try
        {
            subscription.CallbackId = await kind.Register(this, about, cancel).ConfigureAwait(false);
            registered = subscription;
        }
        finally
        {
            _session.EndRegistration(kind.Program, kind.Procedure, subscription.CallbackId, registered);
        }
        return subscription;
    }

    /// <summary>Closes the connection: tells the server, for a moment at most, and fails whatever is still under way.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        using CancellationTokenSource patience = new(_session.Options.CloseTimeout, _session.Options.Time);
        try
        {
            await Remote.ConnectCloseAsync(patience.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is VirException or ConnectionLostException or OperationCanceledException)
        {
            // It is closed in any case.
        }
        await _session.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task<RpcTransport> ConnectAsync(LibvirtUri uri, LibvirtClientOptions options, CancellationToken cancel)
    {
        string target = uri.Transport == LibvirtTransport.Unix ? uri.SocketPath(options.ReadOnly) : $"{uri.Host}:{uri.Port}";
        try
        {
            return uri.Transport switch
            {
                LibvirtTransport.Unix => await RpcTransport.ConnectUnixAsync(target, cancel).ConfigureAwait(false),
                LibvirtTransport.Tcp => await RpcTransport.ConnectTcpAsync(uri.Host, uri.Port, cancel).ConfigureAwait(false),
                _ => throw new NotSupportedException("TLS is not supported yet"),
            };
        }
        catch (SocketException error)
        {
            throw new ConnectionLostException($"cannot connect to {target}: {error.Message}", error);
        }
    }

    private async Task AuthenticateAsync(CancellationToken cancel)
    {
        AuthType[] methods;
        try
        {
            methods = await Remote.AuthListAsync(cancel).ConfigureAwait(false);
        }
        catch (VirException error) when (error.Code == ErrorCode.Rpc && error.Message.StartsWith("unknown procedure", StringComparison.Ordinal))
        {
            // A server without any notion of authentication.
            return;
        }
        if (methods.Length > 0 && !methods.Contains(AuthType.None))
            throw new NotSupportedException($"the server asks for authentication: {string.Join(", ", methods)}");
    }

    private async ValueTask DeregisterAsync<TMessage, TObject>(LibvirtEvent<TMessage, TObject> kind, int id)
        where TMessage : struct, IXdrValue<TMessage>
        where TObject : struct
    {
        _session.RemoveSubscription(kind.Program, kind.Procedure, id);
        using CancellationTokenSource patience = new(_session.Options.CloseTimeout, _session.Options.Time);
        try
        {
            await kind.Deregister(this, id, patience.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is VirException or ConnectionLostException or OperationCanceledException)
        {
            // Its events find nobody any more.
        }
    }
}
