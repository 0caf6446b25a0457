using Libvirtd.Xdr;

namespace Libvirtd.Client.Rpc;

// Every event message begins with the id that the registration gave.
internal sealed partial class RpcSession
{
    private readonly Dictionary<(uint Program, int Procedure, int Id), IEventReceiver> _subscriptions = [];

    // Events whose registration has been answered but whose subscription is not in the table yet.
    private readonly Queue<Frame> _early = new();
    private int _registering;

    /// <summary>A registration is on its way: events that nobody takes are kept until it is done.</summary>
    public void BeginRegistration()
    {
        lock (_lock)
            _registering++;
    }

    /// <summary>Enters the subscription, or none when the registration failed, and hands out what came early.</summary>
    public void EndRegistration(uint program, int procedure, int id, IEventReceiver? receiver)
    {
        lock (_lock)
        {
            _registering--;
            if (receiver is not null && _lost is null)
            {
                _subscriptions[(program, procedure, id)] = receiver;
                foreach (Frame frame in _early.Where(frame => frame.Header.Prog == program && frame.Header.Proc == procedure && IdOf(frame) == id))
                    receiver.OnEvent(frame.Payload);
            }
            if (_registering == 0)
                _early.Clear();
        }
        if (receiver is not null && Lost is { } lost)
            receiver.End(lost);
    }

    public void RemoveSubscription(uint program, int procedure, int id)
    {
        lock (_lock)
            _subscriptions.Remove((program, procedure, id));
    }

    private static int IdOf(Frame frame) => frame.Payload.Length < 4 ? -1 : new XdrReader(frame.Payload).ReadInt32();

    private void OnEvent(Frame frame)
    {
        lock (_lock)
        {
            if (_subscriptions.TryGetValue((frame.Header.Prog, frame.Header.Proc, IdOf(frame)), out IEventReceiver? receiver))
                receiver.OnEvent(frame.Payload);
            else if (_registering > 0 && _early.Count < Options.EventBacklog)
                _early.Enqueue(frame);
        }
    }

    private void EndSubscriptions(Exception reason)
    {
        List<IEventReceiver> receivers;
        lock (_lock)
        {
            receivers = [.. _subscriptions.Values];
            _subscriptions.Clear();
            _early.Clear();
        }
        foreach (IEventReceiver receiver in receivers)
            receiver.End(reason);
    }
}

/// <summary>Takes the events of one registration. Called under the session's lock: it must not wait.</summary>
internal interface IEventReceiver
{
    void OnEvent(byte[] payload);

    void End(Exception reason);
}
