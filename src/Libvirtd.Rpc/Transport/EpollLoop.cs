using System.Collections.Concurrent;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Libvirtd.Rpc.Transport;

/// <summary>What <c>epoll_wait</c> reports; the kernel's bits.</summary>
[Flags]
internal enum EpollEvents : uint
{
    None = 0,
    Readable = 0x1,
    Writable = 0x4,
    Error = 0x8,
    HangUp = 0x10,
    PeerClosed = 0x2000,
    EdgeTriggered = 0x80000000,
}

/// <summary>Whoever has a descriptor in an <see cref="EpollLoop"/>. All calls come from the loop's thread.</summary>
internal interface IEpollHandler
{
    void OnReady(EpollEvents events);

    /// <summary>The handler's own <see cref="OnReady"/> threw, or the loop stops (null): close down.</summary>
    void OnFault(Exception? fault);
}

/// <summary>
/// One thread that waits for many descriptors and runs what becomes possible, then and there: a connection whose bytes arrive is read, answered
/// and left without a thread hop. Also a scheduler: posted work runs on the same thread, between waits. Work must not block.
/// </summary>
public sealed class EpollLoop : PipeScheduler, IDisposable
{
    private const int EventRoom = 256;
    private const int ForeverMilliseconds = -1;

    /// <summary>Pieces of deferred work between two looks at the sockets, at least.</summary>
    private const int LeastDeferred = 8;

    // struct epoll_event is packed on x86-64 and nowhere else.
    private static readonly int EventBytes = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int DataOffset = EventBytes - sizeof(ulong);

    private readonly FileDescriptor _epoll;
    private readonly FileDescriptor _wake;
    private readonly ILogger _logger;
    private readonly Thread _thread;
    private readonly ConcurrentQueue<(Action<object?> Action, object? State)> _work = new();
    private readonly ConcurrentQueue<(Action<object?> Action, object? State)> _later = new();
    private readonly SlotTable _slots = new();
    private readonly BusyPoll _poll;
    private int _asleep; // 1: a post must write the eventfd
    private volatile bool _stopping;
    private volatile bool _stopped;

    /// <param name="name">The thread's.</param>
    /// <param name="logger">Where failures of handlers go.</param>
    /// <param name="busyPoll">How long the thread looks for more, at most, before it sleeps; zero: not at all.</param>
    public EpollLoop(string name = "rpc-io", ILogger? logger = null, TimeSpan busyPoll = default)
    {
        _poll = new BusyPoll(busyPoll, Environment.ProcessorCount);
        _logger = logger ?? NullLogger.Instance;
        _epoll = FileDescriptor.OfResult(Native.epoll_create1(Native.EPOLL_CLOEXEC), "epoll_create1");
        try
        {
            _wake = FileDescriptor.OfResult(Native.eventfd(0, Native.EFD_CLOEXEC | Native.EFD_NONBLOCK), "eventfd");
            // Edge-triggered, so that the counter never needs to be read back; it cannot overflow in this universe's time.
            Control(Native.EPOLL_CTL_ADD, _wake, EpollEvents.Readable | EpollEvents.EdgeTriggered, SlotTable.NoKey);
        }
        catch
        {
            _wake?.Dispose();
            _epoll.Dispose();
            throw;
        }
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Whether the caller runs on this loop's thread.</summary>
    public bool IsCurrent => Environment.CurrentManagedThreadId == _thread.ManagedThreadId;

    internal ILogger Logger => _logger;

    /// <summary>Runs the action on the loop's thread, soon and in the order of the calls, never within this call. After the loop was disposed
    /// it runs on the thread pool.</summary>
    public override void Schedule(Action<object?> action, object? state)
    {
        if (_stopped)
        {
            ToPool((action, state));
            return;
        }
        _work.Enqueue((action, state));
        Wake();
        if (_stopped) DrainToPool(); // the loop may have ended between the check and the enqueue
    }

    /// <summary>
    /// As <see cref="Schedule"/>, but what sockets bring meanwhile goes first: a few pieces run between two looks at the sockets, in the order of
    /// the calls. For what gains by waiting a little, such as sending events, of which more may come.
    /// </summary>
    internal void Defer(Action<object?> action, object? state)
    {
        _later.Enqueue((action, state));
        Wake();
        if (_stopped) DrainToPool();
    }

    /// <summary>Stops the thread, after closing every connection that is still registered.</summary>
    public void Dispose()
    {
        _stopping = true;
        Wake();
        if (!IsCurrent) _thread.Join();
    }

    /// <summary>Adds a descriptor; from any thread. Events may arrive before this returns.</summary>
    /// <returns>The key for <see cref="Modify"/> and <see cref="Unregister"/>.</returns>
    internal ulong Register(SafeHandle target, IEpollHandler handler, EpollEvents events)
    {
        ulong key = _slots.Add(handler);
        try
        {
            Control(Native.EPOLL_CTL_ADD, target, events, key);
            return key;
        }
        catch
        {
            _slots.Remove(key);
            throw;
        }
    }

    /// <summary>Changes what is waited for; from any thread. What is ready now is reported again.</summary>
    internal void Modify(SafeHandle target, EpollEvents events, ulong key) => Control(Native.EPOLL_CTL_MOD, target, events, key);

    /// <summary>Removes a descriptor. On the loop's thread only: then no event of it is reported any more, not even of the batch in hand.</summary>
    internal unsafe void Unregister(SafeHandle target, ulong key)
    {
        _slots.Remove(key);
        byte* none = stackalloc byte[16]; // old kernels want a pointer
        // SAFETY: the kernel reads at most 16 bytes, within the call.
        _ = Native.epoll_ctl(_epoll, Native.EPOLL_CTL_DEL, target, none);
    }

    private unsafe void Control(int operation, SafeHandle target, EpollEvents events, ulong key)
    {
        byte* entry = stackalloc byte[16];
        *(uint*)entry = (uint)events;
        Buffer.MemoryCopy(&key, entry + DataOffset, sizeof(ulong), sizeof(ulong));
        // SAFETY: entry is EventBytes (12 or 16) long in the kernel's layout; the kernel copies it within the call.
        if (Native.epoll_ctl(_epoll, operation, target, entry) < 0) throw Native.Failure("epoll_ctl");
    }

    private unsafe void Wake()
    {
        // The exchange is a full fence after the enqueue (or the stop flag); the loop's own is between setting 1 and looking at the queue.
        if (Interlocked.Exchange(ref _asleep, 0) == 0) return;
        ulong one = 1;
        try
        {
            // SAFETY: eight bytes of our own stack, read within the call.
            _ = Native.write(_wake, &one, sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
            // the loop has ended: its last act empties the queue
        }
    }

    private unsafe void Run()
    {
        byte* events = (byte*)NativeMemory.Alloc((nuint)(EventRoom * EventBytes));
        try
        {
            while (!_stopping)
            {
                int count = Wait(events);
                if (count < 0)
                {
                    if (Native.LastError != Native.EINTR) throw Native.Failure("epoll_wait");
                    continue;
                }
                for (int i = 0; i < count; i++)
                {
                    byte* entry = events + i * EventBytes;
                    ulong key;
                    Buffer.MemoryCopy(entry + DataOffset, &key, sizeof(ulong), sizeof(ulong));
                    if (key != SlotTable.NoKey) Dispatch(key, *(EpollEvents*)entry);
                }
                RunWork(_work, _work.Count);
                // In step with the sockets, so that under any load all deferred work has its turn.
                if (!_later.IsEmpty) RunWork(_later, Math.Max(count, LeastDeferred));
            }
        }
        finally
        {
            NativeMemory.Free(events);
            Stop();
        }
    }

    private bool HasWork => !_work.IsEmpty || !_later.IsEmpty || _stopping;

    /// <summary>What is ready; waits for it where there is nothing else to do.</summary>
    private unsafe int Wait(byte* events)
    {
        // SAFETY: here and below: events has room for EventRoom entries of the kernel's layout.
        if (HasWork) return Native.epoll_wait(_epoll, events, EventRoom, timeoutMilliseconds: 0);
        long start = Stopwatch.GetTimestamp();
        long budget = _poll.Budget;
        int count = 0;
        while (Stopwatch.GetTimestamp() - start < budget)
        {
            count = Native.epoll_wait(_epoll, events, EventRoom, timeoutMilliseconds: 0);
            if (count != 0 || HasWork) break;
            System.Threading.Thread.Yield(); // whoever else could run goes first
        }
        if (count == 0) count = Sleep(events);
        _poll.Waited(Stopwatch.GetTimestamp() - start);
        return count;
    }

    private unsafe int Sleep(byte* events)
    {
        Volatile.Write(ref _asleep, 1);
        Interlocked.MemoryBarrier();
        int count = HasWork ? 0 : Native.epoll_wait(_epoll, events, EventRoom, ForeverMilliseconds);
        Volatile.Write(ref _asleep, 0);
        return count;
    }

    private void Dispatch(ulong key, EpollEvents events)
    {
        if (_slots.Find(key) is not { } handler) return; // removed earlier in this batch
        try
        {
            handler.OnReady(events);
        }
        catch (Exception failure) // whatever it is, it is one connection's trouble
        {
            TransportLog.HandlerFailed(_logger, failure);
            Fault(handler, failure);
        }
    }

    private void Fault(IEpollHandler handler, Exception? failure)
    {
        try
        {
            handler.OnFault(failure);
        }
        catch (Exception second)
        {
            TransportLog.HandlerFailed(_logger, second);
        }
    }

    private void RunWork(ConcurrentQueue<(Action<object?> Action, object? State)> queue, int most)
    {
        // What work posts itself waits for the next turn, so that sockets are not starved.
        for (int left = most; left > 0 && queue.TryDequeue(out (Action<object?> Action, object? State) work); left--) RunOne(work);
    }

    private void RunOne((Action<object?> Action, object? State) work)
    {
        try
        {
            work.Action(work.State);
        }
        catch (Exception failure)
        {
            TransportLog.WorkFailed(_logger, failure);
        }
    }

    private void Stop()
    {
        foreach (IEpollHandler handler in _slots.All()) Fault(handler, null);
        RunWork(_work, _work.Count);
        RunWork(_later, _later.Count);
        _stopped = true;
        DrainToPool();
        _wake.Dispose();
        _epoll.Dispose();
    }

    private void DrainToPool()
    {
        while (_work.TryDequeue(out (Action<object?> Action, object? State) work) || _later.TryDequeue(out work)) ToPool(work);
    }

    private static void ToPool((Action<object?> Action, object? State) work) =>
        System.Threading.ThreadPool.UnsafeQueueUserWorkItem(static item => item.Action(item.State), work, preferLocal: false);
}
