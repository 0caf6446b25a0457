namespace Libvirtd.Rpc.Transport;

/// <summary>
/// Handlers by key. A key is an index and a generation, so that an event of a descriptor that has gone does not reach the one that took its place.
/// Added to from any thread; searched and removed from on the loop's thread.
/// </summary>
internal sealed class SlotTable
{
    /// <summary>The key of no handler: generations start at 1.</summary>
    public const ulong NoKey = 0;

    private readonly Lock _gate = new();
    private readonly Stack<int> _free = new();
    private Slot[] _slots = new Slot[16];
    private int _used;

    public ulong Add(IEpollHandler handler)
    {
        lock (_gate)
        {
            if (!_free.TryPop(out int index))
            {
                if (_used == _slots.Length)
                {
                    Slot[] larger = new Slot[_slots.Length * 2];
                    _slots.CopyTo(larger, 0);
                    Volatile.Write(ref _slots, larger);
                }
                index = _used++;
            }
            ref Slot slot = ref _slots[index];
            slot.Generation = slot.Generation == uint.MaxValue ? 1 : slot.Generation + 1;
            slot.Handler = handler;
            return ((ulong)slot.Generation << 32) | (uint)index;
        }
    }

    public IEpollHandler? Find(ulong key)
    {
        // No lock: the kernel cannot report a key before Add returned it, and removal is on this same thread.
        Slot[] slots = Volatile.Read(ref _slots);
        uint index = (uint)key;
        return index < (uint)slots.Length && slots[index].Generation == (uint)(key >> 32) ? slots[index].Handler : null;
    }

    public void Remove(ulong key)
    {
        lock (_gate)
        {
            int index = (int)(uint)key;
            if (_slots[index].Generation != (uint)(key >> 32) || _slots[index].Handler is null) return;
            _slots[index].Handler = null;
            _free.Push(index);
        }
    }

    public IReadOnlyList<IEpollHandler> All()
    {
        List<IEpollHandler> all = [];
        lock (_gate)
        {
            foreach (Slot slot in _slots)
                if (slot.Handler is { } handler) all.Add(handler);
        }
        return all;
    }

    private struct Slot
    {
        public IEpollHandler? Handler;
        public uint Generation;
    }
}
