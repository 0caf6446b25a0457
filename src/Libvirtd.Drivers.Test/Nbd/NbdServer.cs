using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.IO.Pipelines;
using System.Net.Sockets;

namespace Libvirtd.Drivers.Test;

/// <summary>Offers disks to NBD clients, from its start until it is disposed.</summary>
internal sealed class NbdServer : IDisposable
{
    /// <summary>Clients at once; one more is hung up on.</summary>
    public const int MostClients = 64;

    /// <summary>How long a client may take to choose a disk.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    /// <summary>How long to wait when the machine cannot take another connection.</summary>
    private static readonly TimeSpan s_rest = TimeSpan.FromMilliseconds(100);

    private readonly NbdAddress _address;
    private readonly ImmutableArray<NbdExport> _exports;
    private readonly List<Socket> _listeners;
    private readonly ConcurrentDictionary<Socket, bool> _clients = new();
    private readonly CancellationTokenSource _stop = new();
    private int _clientCount;

    /// <exception cref="Protocol.VirException">The address cannot be listened on.</exception>
    public NbdServer(NbdAddress address, ImmutableArray<NbdExport> exports)
    {
        _address = address;
        _exports = exports;
        _listeners = address.Listen();
        foreach (Socket listener in _listeners)
            _ = AcceptAsync(listener);
    }

    /// <summary>How many clients are connected.</summary>
    public int Clients => Volatile.Read(ref _clientCount);

    /// <summary>Listens no more, and hangs up on everybody.</summary>
    public void Dispose()
    {
        if (_stop.IsCancellationRequested)
            return;
        _stop.Cancel();
        foreach (Socket listener in _listeners)
            listener.Dispose();
        _address.CleanUp();
        foreach (Socket client in _clients.Keys)
            client.Dispose();
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Socket client = await listener.AcceptAsync(_stop.Token).ConfigureAwait(false);
                if (Interlocked.Increment(ref _clientCount) <= MostClients)
                {
                    _ = ServeAsync(client);
                }
                else
                {
                    Interlocked.Decrement(ref _clientCount);
                    client.Dispose();
                }
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // The client has gone already, or there are no descriptors left: others will come.
                await Task.Delay(s_rest, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private async Task ServeAsync(Socket client)
    {
        _clients[client] = true;
        try
        {
            if (client.ProtocolType == ProtocolType.Tcp)
                client.NoDelay = true;
            using NetworkStream stream = new(client, ownsSocket: false);
            using CancellationTokenSource patience = new(s_patience);
            await new NbdSession(new Connection(stream), _exports).ServeAsync(patience.Token, _stop.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
        {
            // It was gone before it began.
        }
        finally
        {
            client.Dispose();
            _clients.TryRemove(client, out _);
            Interlocked.Decrement(ref _clientCount);
        }
    }

    /// <summary>A stream as pipes; one that waits holds no buffer.</summary>
    private sealed class Connection(NetworkStream stream) : IDuplexPipe
    {
        public PipeReader Input { get; } = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true, useZeroByteReads: true));

        public PipeWriter Output { get; } = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));
    }
}
