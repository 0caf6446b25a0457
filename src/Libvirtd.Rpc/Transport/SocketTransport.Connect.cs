using System.Net;
using System.Net.Sockets;

namespace Libvirtd.Rpc.Transport;

/// <summary>The client's side: connecting.</summary>
public sealed partial class SocketTransport
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(1), LongestRetry = TimeSpan.FromMilliseconds(50);

    /// <summary>Connects to a unix socket. A full backlog is waited for, until the token ends it.</summary>
    /// <exception cref="IOException">No such socket, nobody listens, no permission: the kernel's words and number.</exception>
    public static async Task<SocketTransport> ConnectUnixAsync(string path, EpollLoop loop, TransportOptions? options = null,
        CancellationToken cancel = default)
    {
        SocketAddress address = new UnixDomainSocketEndPoint(path).Serialize();
        FileDescriptor socket = OpenSocket(Native.AF_UNIX);
        try
        {
            TimeSpan wait = FirstRetry;
            while (true)
            {
                int error = BeginConnect(socket, address);
                if (error == 0) break;
                if (error != Native.EAGAIN) throw Native.Failure($"cannot connect to {path}", error);
                // The kernel does not tell when a unix listener's backlog has room again.
                await Task.Delay(wait, cancel).ConfigureAwait(false);
                if (wait < LongestRetry) wait *= 2;
            }
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        return new SocketTransport(socket, loop, options ?? TransportOptions.Default);
    }

    /// <summary>Connects to the first of the host's addresses that answers.</summary>
    /// <exception cref="IOException">None does; the last one's failure.</exception>
    /// <exception cref="SocketException">The name does not resolve.</exception>
    public static async Task<SocketTransport> ConnectTcpAsync(string host, int port, EpollLoop loop, TransportOptions? options = null,
        CancellationToken cancel = default)
    {
        IPAddress[] addresses = IPAddress.TryParse(host, out IPAddress? literal)
            ? [literal]
            : await Dns.GetHostAddressesAsync(host, cancel).ConfigureAwait(false);
        IOException? last = null;
        foreach (IPAddress address in addresses)
        {
            FileDescriptor socket = OpenSocket(address.AddressFamily == AddressFamily.InterNetwork ? Native.AF_INET : Native.AF_INET6);
            try
            {
                await ConnectAsync(socket, new IPEndPoint(address, port), loop, cancel).ConfigureAwait(false);
            }
            catch (IOException failure)
            {
                socket.Dispose();
                last = failure;
                continue;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
            return new SocketTransport(socket, loop, options ?? TransportOptions.Default);
        }
        throw last ?? new IOException($"{host} has no address");
    }

    /// <summary>Two connected unix sockets: a real transport on both sides, without an address.</summary>
    internal static unsafe (SocketTransport One, SocketTransport Other) CreatePair(EpollLoop one, EpollLoop other, TransportOptions? options = null)
    {
        int* pair = stackalloc int[2];
        // SAFETY: the kernel writes two ints.
        if (Native.socketpair(Native.AF_UNIX, Native.SOCK_STREAM | Native.SOCK_NONBLOCK | Native.SOCK_CLOEXEC, 0, pair) < 0)
            throw Native.Failure("socketpair");
        FileDescriptor second = new(pair[1]);
        SocketTransport first = new(new FileDescriptor(pair[0]), one, options ?? TransportOptions.Default);
        return (first, new SocketTransport(second, other, options ?? TransportOptions.Default));
    }

    private static FileDescriptor OpenSocket(int family) =>
        FileDescriptor.OfResult(Native.socket(family, Native.SOCK_STREAM | Native.SOCK_NONBLOCK | Native.SOCK_CLOEXEC, 0), "socket");

    private static async Task ConnectAsync(FileDescriptor socket, IPEndPoint target, EpollLoop loop, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        int error = BeginConnect(socket, target.Serialize());
        if (error is Native.EINPROGRESS or Native.EINTR)
        {
            ConnectWaiter waiter = new(socket, loop);
            error = await waiter.WaitAsync(cancel).ConfigureAwait(false);
        }
        if (error != 0) throw Native.Failure($"cannot connect to {target}", error);
    }

    private static unsafe int BeginConnect(FileDescriptor socket, SocketAddress address)
    {
        ReadOnlySpan<byte> bytes = address.Buffer.Span[..address.Size];
        fixed (byte* start = bytes) // SAFETY: pinned for the call, which keeps no pointer
            return Native.connect(socket, start, bytes.Length) == 0 ? 0 : Native.LastError;
    }

    /// <summary>Waits on the loop until a connect ends.</summary>
    private sealed class ConnectWaiter(FileDescriptor socket, EpollLoop loop) : IEpollHandler
    {
        private readonly TaskCompletionSource<int> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private ulong _key;

        public async Task<int> WaitAsync(CancellationToken cancel)
        {
            // Registered from the loop's own thread, so that no event comes before the key is known.
            loop.Schedule(static waiter => ((ConnectWaiter)waiter!).Register(), this);
            using (cancel.UnsafeRegister(static waiter => ((ConnectWaiter)waiter!).Cancel(), this))
            {
                int error = await _ended.Task.ConfigureAwait(false);
                return error >= 0 ? error : throw new OperationCanceledException(cancel);
            }
        }

        public void OnReady(EpollEvents events) => Finish(SocketCalls.PendingError(socket));

        public void OnFault(Exception? fault) => Finish(Native.ECONNABORTED);

        private void Register()
        {
            try
            {
                _key = loop.Register(socket, this, EpollEvents.Writable);
            }
            catch (Exception failure) when (failure is IOException or ObjectDisposedException)
            {
                _ended.TrySetException(failure as IOException ?? new IOException("the I/O loop has ended", failure));
            }
        }

        private void Cancel() => loop.Schedule(static waiter => ((ConnectWaiter)waiter!).Finish(-1), this);

        private void Finish(int error)
        {
            if (_key == SlotTable.NoKey) return;
            loop.Unregister(socket, _key);
            _key = SlotTable.NoKey;
            _ended.TrySetResult(error);
        }
    }
}
