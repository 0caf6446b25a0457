using Libvirtd.Drivers;
using Libvirtd.Protocol;
using Libvirtd.Rpc.Sessions;
using Libvirtd.Rpc.Transport;
using Microsoft.Extensions.Logging;

namespace Libvirtd.Rpc.Events;

/// <summary>How an event reaches a client.</summary>
internal enum EventGeneration
{
    /// <summary>Lifecycle only, without ids: CONNECT_DOMAIN_EVENT_REGISTER.</summary>
    Lifecycle,

    /// <summary>By event id: CONNECT_DOMAIN_EVENT_REGISTER_ANY.</summary>
    ById,

    /// <summary>With callback ids and filters.</summary>
    Callback,
}

/// <summary>One registration.</summary>
internal sealed record Subscription(EventGeneration Generation, EventKind Kind, int EventId, EventSubject? Filter, int CallbackId)
{
    /// <summary>The client has been told of the registration; until then its events wait in <see cref="Waiting"/>.</summary>
    public bool IsAnnounced { get; set; }

    public List<DriverEvent>? Waiting { get; set; }

    /// <summary>For raw monitor events: the event's name must match.</summary>
    public Func<string, bool>? NameFilter { get; init; }

    public bool Matches(DriverEvent raised) => Kind == raised.Kind
        && (EventId == raised.EventId || Kind == EventKind.QemuMonitor)
        && (Filter is not { } filter || filter == raised.About)
        && (Generation == EventGeneration.Callback || raised.LegacyProcedure is not null)
        && (NameFilter is null || (raised is DomainMonitorEvent monitor && NameFilter(monitor.Event)));
}

/// <summary>
/// The events that one client has asked for. An event raised by the client's own call goes out after that call's reply; an event for a new
/// registration never before the reply that announces it.
/// </summary>
internal sealed class EventSubscriptions(Session session) : IEventListener
{
    private const int MostSubscriptions = 65_536;

    private readonly Lock _gate = new();
    private readonly List<DriverEvent> _ownCall = [];
    private List<Subscription> _subscriptions = [];
    private EventHub? _hub;
    private int _nextId;
    private int _callThread;
    private bool _unannounced;
    private bool _tooSlow;

    /// <summary>Adds a registration; returns its callback id.</summary>
    /// <exception cref="VirException">The same event with the same filter is registered already.</exception>
    public int Add(EventGeneration generation, EventKind kind, int eventId, EventSubject? filter, Func<string, bool>? nameFilter = null)
    {
        DriverConnection connection = session.Connection ?? throw RpcErrors.Internal("connection not open");
        lock (_gate)
        {
            bool isKnown = nameFilter is null && kind != EventKind.QemuMonitor && _subscriptions.Exists(other =>
                other.Generation == generation && other.Kind == kind && other.EventId == eventId && other.Filter == filter);
            if (isKnown)
                throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.None, "event callback already tracked");
            if (_subscriptions.Count >= MostSubscriptions)
                throw VirException.Of(ErrorCode.OperationFailed, ErrorDomain.Rpc, "too many event registrations");
            int id = _nextId++;
            _subscriptions = [.. _subscriptions, new Subscription(generation, kind, eventId, filter, id) { NameFilter = nameFilter }];
            _unannounced = true;
            if (_hub is null)
            {
                _hub = connection.Events;
                _hub.Add(this);
            }
            return id;
        }
    }

    /// <summary>Removes the first registration that matches; false when there is none.</summary>
    public bool Remove(Predicate<Subscription> matches)
    {
        lock (_gate)
        {
            int index = _subscriptions.FindIndex(matches);
            if (index < 0)
                return false;
            List<Subscription> rest = [.. _subscriptions];
            rest.RemoveAt(index);
            _subscriptions = rest;
            return true;
        }
    }

    /// <summary>The connection is over.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _subscriptions = [];
            _hub?.Remove(this);
            _hub = null;
        }
    }

    /// <summary>A call begins on this thread.</summary>
    public void BeginCall() => _callThread = Environment.CurrentManagedThreadId;

    /// <summary>The call is answered, or goes on elsewhere.</summary>
    public void EndCall()
    {
        _callThread = 0;
        if (_ownCall.Count > 0)
        {
            lock (_gate)
            {
                foreach (DriverEvent raised in _ownCall)
                    Deliver(raised);
                _ownCall.Clear();
            }
        }
        if (_unannounced)
            Announce();
    }

    /// <summary>The replies of all registrations so far are in the output: their events may follow.</summary>
    public void Announce()
    {
        if (!_unannounced)
            return;
        lock (_gate)
        {
            _unannounced = false;
            foreach (Subscription subscription in _subscriptions)
            {
                if (subscription.IsAnnounced)
                    continue;
                subscription.IsAnnounced = true;
                foreach (DriverEvent raised in subscription.Waiting ?? [])
                    Append(subscription, raised);
                subscription.Waiting = null;
            }
        }
        session.Output.FlushSoon();
    }

    /// <inheritdoc/>
    public void OnEvent(DriverEvent raised)
    {
        lock (_gate)
        {
            // What others raise while events of the own call wait, waits behind them: events keep their order.
            if (_callThread == Environment.CurrentManagedThreadId || _ownCall.Count > 0)
                _ownCall.Add(raised);
            else
                Deliver(raised);
        }
    }

    private void Deliver(DriverEvent raised)
    {
        bool any = false;
        foreach (Subscription subscription in _subscriptions)
        {
            if (!subscription.Matches(raised))
                continue;
            any = true;
            if (subscription.IsAnnounced)
                Append(subscription, raised);
            else
                (subscription.Waiting ??= []).Add(raised);
        }
        if (any)
            session.Output.FlushSoon();
    }

    private void Append(Subscription subscription, DriverEvent raised)
    {
        bool callback = subscription.Generation == EventGeneration.Callback;
        bool isMonitor = raised.Kind == EventKind.QemuMonitor;
        PacketHeader header = new(
            isMonitor ? QemuProgram.Number : RemoteProgram.Number,
            isMonitor ? QemuProgram.Version : RemoteProgram.Version,
            callback ? raised.Procedure : raised.LegacyProcedure ?? 0,
            NetMessageType.Message,
            1,
            NetMessageStatus.Ok);
        session.Server.Telemetry.CountEvent(raised.Kind);
        bool taken = callback ? session.Output.AppendRaw(header, raised.Body, subscription.CallbackId) : session.Output.AppendRaw(header, raised.LegacyBody);
        if (taken || _tooSlow)
            return;
        _tooSlow = true;
        RpcLog.TooSlow(session.Server.Logger, session.Id, session.Output.Backlog);
        session.Abort(new TransportException(TransportFault.Aborted, "the client does not read its events"));
    }
}
