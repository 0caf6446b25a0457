using System.Net.Sockets;
using System.Runtime.InteropServices;
using Libvirtd.Rpc.Transport;

namespace Libvirtd.Rpc.Tests.Transport;

/// <summary>Takes the whole process's descriptors away for a moment, so nothing else may run beside it.</summary>
[Collection(nameof(Alone))]
public sealed partial class AcceptBackOffTests
{
    private const int RLIMIT_NOFILE = 7;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Out_of_descriptors_rests_for_five_seconds_and_goes_on()
    {
        await using TransportFixture fixture = new();
        Socket listener = fixture.ListenUnix(out string path);
        using ManualTime time = new();
        TaskCompletionSource<SocketTransport> accepted = new(TaskCreationOptions.RunContinuationsAsynchronously);
        SocketAcceptor acceptor = fixture.Own(new SocketAcceptor(listener, fixture.Loops, accepted.TrySetResult, time: time, paused: true));
        fixture.Own(await SocketTransport.ConnectUnixAsync(path, fixture.Loops.Next(), cancel: Stop));

        Assert.Equal(0, getrlimit(RLIMIT_NOFILE, out RLimit old));
        try
        {
            Assert.Equal(0, setrlimit(RLIMIT_NOFILE, new RLimit { Soft = LowestFreeDescriptor(), Hard = old.Hard }));
            acceptor.Resume();
            await TransportFixture.UntilAsync(() => time.IsWaiting, "resting");
        }
        finally
        {
            Assert.Equal(0, setrlimit(RLIMIT_NOFILE, old));
        }
        Assert.Equal(TimeSpan.FromSeconds(5), time.DueTime);
        acceptor.Pause();
        acceptor.Resume(); // a client that leaves does not shorten the rest
        Assert.False(accepted.Task.IsCompleted);
        time.Fire();
        fixture.Own(await accepted.Task.WaitAsync(TransportFixture.Patience, Stop));
    }

    private static ulong LowestFreeDescriptor()
    {
        using Microsoft.Win32.SafeHandles.SafeFileHandle handle = File.OpenHandle("/dev/null");
        return (ulong)handle.DangerousGetHandle();
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getrlimit(int resource, out RLimit limit);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setrlimit(int resource, in RLimit limit);

    [StructLayout(LayoutKind.Sequential)]
    private struct RLimit
    {
        public ulong Soft;
        public ulong Hard;
    }

    /// <summary>A clock with one timer, which the test fires.</summary>
    private sealed class ManualTime : TimeProvider, ITimer
    {
        private Action? _callback;

        public TimeSpan DueTime { get; private set; }

        public bool IsWaiting => Volatile.Read(ref _callback) is not null;

        public void Fire() => _callback!();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            DueTime = dueTime;
            Volatile.Write(ref _callback, () => callback(state));
            return this;
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => false;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
