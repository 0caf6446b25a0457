using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>What happens to the calls that a rule is about.</summary>
internal enum FaultAction
{
    /// <summary>They fail.</summary>
    Error,

    /// <summary>They go on after a time.</summary>
    Delay,

    /// <summary>They wait until they are released.</summary>
    Hang,

    /// <summary>The client's connection ends.</summary>
    Drop,
}

/// <summary>A fault that waits for its calls. The engine's lock guards what can change.</summary>
internal sealed class FaultRule
{
    private readonly List<TaskCompletionSource> _held = [];

    public int Id { get; set; }

    /// <summary>The public function, such as virDomainBlockCommit; with a star at its end, all that begin so.</summary>
    public required string Call { get; init; }

    public required FaultAction Action { get; init; }

    /// <summary>The error of <see cref="FaultAction.Error"/>.</summary>
    public VirException? Error { get; init; }

    /// <summary>How long the call waits first.</summary>
    public TimeSpan Time { get; init; }

    /// <summary>The call is done, and only its answer is the fault.</summary>
    public bool IsAfter { get; init; }

    /// <summary>The fault hits the call's stream when that many bytes of data have passed; null hits the call.</summary>
    public long? Bytes { get; init; }

    /// <summary>How likely each call is hit, up to 1.</summary>
    public double Chance { get; init; } = 1;

    /// <summary>How many calls pass before the first is hit.</summary>
    public long Skip { get; set; }

    /// <summary>How many calls are still to be hit; 0 means all.</summary>
    public long Remaining { get; set; }

    /// <summary>How many calls were hit.</summary>
    public long Hits { get; set; }

    /// <summary>How many calls wait now.</summary>
    public int Waiting
    {
        get
        {
            lock (_held)
                return _held.Count;
        }
    }

    public bool Matches(string api) => Call == api
        || (Call.EndsWith('*') && api.AsSpan().StartsWith(Call.AsSpan(0, Call.Length - 1), StringComparison.Ordinal));

    /// <summary>Waits as the rule wants it.</summary>
    /// <returns>What then becomes of the call; null lets it go on.</returns>
    public async ValueTask<Exception?> WaitAsync(TimeProvider time, CancellationToken cancel)
    {
        if (Time > TimeSpan.Zero)
            await Task.Delay(Time, time, cancel).ConfigureAwait(false);
        switch (Action)
        {
            case FaultAction.Error:
                return Error;
            case FaultAction.Drop:
                return new DisconnectException($"a fault ends the connection: {Call}");
            case FaultAction.Hang:
                await HoldAsync(cancel).ConfigureAwait(false);
                break;
        }

        return null;
    }

    /// <summary>Lets the calls that wait go on, in the order in which they came, on this thread.</summary>
    /// <returns>How many did.</returns>
    public int Release()
    {
        TaskCompletionSource[] held;
        lock (_held)
        {
            held = [.. _held];
            _held.Clear();
        }

        foreach (TaskCompletionSource one in held)
            one.TrySetResult();
        return held.Length;
    }

    private async ValueTask HoldAsync(CancellationToken cancel)
    {
        TaskCompletionSource released = new();
        lock (_held)
            _held.Add(released);
        using CancellationTokenRegistration gone = cancel.Register(static state => ((TaskCompletionSource)state!).TrySetCanceled(), released);
        try
        {
            await released.Task.ConfigureAwait(false);
        }
        finally
        {
            lock (_held)
                _held.Remove(released);
        }
    }
}
