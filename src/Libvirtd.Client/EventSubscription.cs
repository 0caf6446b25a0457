using System.Threading.Channels;
using Libvirtd.Client.Rpc;
using Libvirtd.Protocol;
using Libvirtd.Xdr;

namespace Libvirtd.Client;

/// <summary>A registration for events, for one reader: events come in the order in which the server raised them. Disposing it deregisters.</summary>
public sealed class EventSubscription<TMessage> : IAsyncEnumerable<TMessage>, IEventReceiver, IAsyncDisposable
    where TMessage : struct, IXdrValue<TMessage>
{
    private readonly Channel<TMessage> _events;
    private readonly int _backlog;
    private readonly Func<int, ValueTask> _deregister;
    private int _disposed;

    internal EventSubscription(int backlog, Func<int, ValueTask> deregister)
    {
        _backlog = backlog;
        _events = Channel.CreateBounded<TMessage>(new BoundedChannelOptions(backlog) { SingleReader = true });
        _deregister = deregister;
    }

    /// <summary>The id that the server gave the registration.</summary>
    public int CallbackId { get; internal set; }

    /// <summary>The next event. Waits for one.</summary>
    /// <exception cref="ConnectionLostException">The connection has ended.</exception>
    /// <exception cref="InvalidOperationException">The reader was too far behind (see <see cref="LibvirtClientOptions.EventBacklog"/>).</exception>
    /// <exception cref="ObjectDisposedException">The subscription was disposed.</exception>
    public async ValueTask<TMessage> ReadAsync(CancellationToken cancel = default)
    {
        try
        {
            return await _events.Reader.ReadAsync(cancel).ConfigureAwait(false);
        }
        catch (ChannelClosedException closed)
        {
            throw closed.InnerException ?? new ObjectDisposedException(nameof(EventSubscription<TMessage>));
        }
    }

    /// <summary>All events until the subscription is disposed; fails as <see cref="ReadAsync"/> does.</summary>
    public IAsyncEnumerator<TMessage> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        _events.Reader.ReadAllAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _deregister(CallbackId).ConfigureAwait(false);
        _events.Writer.TryComplete();
    }

    void IEventReceiver.OnEvent(byte[] payload)
    {
        XdrReader reader = new(payload);
        try
        {
            if (!_events.Writer.TryWrite(TMessage.Decode(ref reader)))
                _events.Writer.TryComplete(new InvalidOperationException($"the reader is more than {_backlog} events behind"));
        }
        catch (XdrException)
        {
            // As libvirt's own client: an event that cannot be decoded is passed over.
        }
    }

    void IEventReceiver.End(Exception reason) => _events.Writer.TryComplete(reason);
}
