namespace Libvirtd.Drivers.Test;

/// <summary>What happens to the next events of a host that somebody listens to.</summary>
internal sealed class EventFaults(EventHub hub, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Queue<Order> _orders = new();
    private readonly List<DriverEvent> _kept = [];

    private enum Kind
    {
        Drop,
        Delay,
        Reorder,
    }

    /// <summary>The next events are lost.</summary>
    public void Drop(int count) => Add(new Order(Kind.Drop, count, default));

    /// <summary>Each of the next events comes that much later.</summary>
    public void Delay(int count, TimeSpan by) => Add(new Order(Kind.Delay, count, by));

    /// <summary>The next events are kept until all of them are there, and come the last one first.</summary>
    public void Reorder(int count) => Add(new Order(Kind.Reorder, count, default));

    /// <summary>Forgets what was to happen; events that are kept come now, those that are late still come late.</summary>
    public void Clear()
    {
        DriverEvent[] kept;
        lock (_lock)
        {
            _orders.Clear();
            hub.Filter = null;
            kept = TakeKept();
        }

        Deliver(kept);
    }

    private void Add(Order order)
    {
        lock (_lock)
        {
            _orders.Enqueue(order);
            hub.Filter = LetPass;
        }
    }

    private bool LetPass(DriverEvent raised)
    {
        DriverEvent[] ready = [];
        TimeSpan late;
        lock (_lock)
        {
            if (!_orders.TryPeek(out Order? order))
                return true;
            bool isLast = --order.Left == 0;
            if (order.Kind == Kind.Reorder)
            {
                _kept.Add(raised);
                if (isLast)
                    ready = TakeKept();
            }

            late = order.Late;
            if (isLast)
                _orders.Dequeue();
            if (_orders.Count == 0)
                hub.Filter = null;
        }

        Deliver(ready);
        if (late > TimeSpan.Zero)
            _ = DeliverLateAsync(raised, late);
        return false;
    }

    private DriverEvent[] TakeKept()
    {
        DriverEvent[] kept = [.. _kept];
        _kept.Clear();
        Array.Reverse(kept);
        return kept;
    }

    private void Deliver(DriverEvent[] events)
    {
        foreach (DriverEvent one in events)
            hub.Deliver(one);
    }

    private async Task DeliverLateAsync(DriverEvent raised, TimeSpan late)
    {
        await Task.Delay(late, time).ConfigureAwait(false);
        hub.Deliver(raised);
    }

    private sealed class Order(Kind kind, int count, TimeSpan late)
    {
        public Kind Kind => kind;

        public TimeSpan Late => late;

        public int Left { get; set; } = count;
    }
}
