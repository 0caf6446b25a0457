namespace Libvirtd.Drivers;

/// <summary>Takes events as they are raised. Called on the thread of the one who raises: it must not block.</summary>
public interface IEventListener
{
    void OnEvent(DriverEvent raised);
}

/// <summary>Hands each event to all who listen, in the order in which they were raised. Safe for any number of threads.</summary>
public sealed class EventHub
{
    private readonly Lock _lock = new();
    private IEventListener[] _listeners = [];
    private Predicate<DriverEvent>? _filter;

    /// <summary>Somebody listens; without, raising costs nothing.</summary>
    public bool HasListeners => Volatile.Read(ref _listeners).Length > 0;

    public void Add(IEventListener listener)
    {
        lock (_lock)
            _listeners = [.. _listeners, listener];
    }

    public void Remove(IEventListener listener)
    {
        lock (_lock)
            _listeners = Array.FindAll(_listeners, other => !ReferenceEquals(other, listener));
    }

    /// <summary>
    /// Asked before an event is handed on, on the thread of the one who raises; false keeps it back. Who set it may <see cref="Deliver"/> it later.
    /// Null lets all through.
    /// </summary>
    public Predicate<DriverEvent>? Filter
    {
        get => Volatile.Read(ref _filter);
        set => Volatile.Write(ref _filter, value);
    }

    /// <summary>Raises an event. Call it after the change was published and before the call that caused it is answered.</summary>
    public void Raise(DriverEvent raised)
    {
        if (Filter is { } filter && !filter(raised))
            return;
        Deliver(raised);
    }

    /// <summary>Hands an event to all who listen, whatever the filter says.</summary>
    public void Deliver(DriverEvent raised)
    {
        foreach (IEventListener listener in Volatile.Read(ref _listeners))
            listener.OnEvent(raised);
    }
}
