using System.Threading.Channels;
using Libvirtd.Drivers;

namespace Libvirtd.Rpc.Tests.Sessions;

/// <summary>A stream's backend that does what a test tells it, and remembers what happened.</summary>
internal sealed class TestEndpoint : StreamEndpoint
{
    private int _next;
    private int _reads;
    private int _writes;
    private int _inUse;

    /// <summary>Pieces for the client, then the end.</summary>
    public byte[][] Source { get; init; } = [];

    public Func<Memory<byte>, CancellationToken, ValueTask<StreamRead>>? OnRead { get; init; }

    public Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask>? OnWrite { get; init; }

    public Func<CancellationToken, ValueTask>? OnFinish { get; init; }

    public Func<ValueTask>? OnAbort { get; init; }

    /// <summary>What came from the client, in order; a negative number is a hole of that many bytes.</summary>
    public List<long> Taken { get; } = [];

    public MemoryStream Data { get; } = new();

    public int Reads => Volatile.Read(ref _reads);

    public int Writes => Volatile.Read(ref _writes);

    public int Finishes { get; private set; }

    public int Aborts { get; private set; }

    /// <summary>Ends when the endpoint is disposed.</summary>
    public TaskCompletionSource Disposed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override async ValueTask<StreamRead> ReadAsync(Memory<byte> buffer, CancellationToken cancel)
    {
        Interlocked.Increment(ref _reads);
        Interlocked.Increment(ref _inUse);
        try
        {
            if (OnRead is not null)
                return await OnRead(buffer, cancel);
            if (_next == Source.Length)
                return StreamRead.End;
            byte[] piece = Source[_next++];
            piece.CopyTo(buffer);
            return new StreamRead(piece.Length);
        }
        finally
        {
            Interlocked.Decrement(ref _inUse);
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        Interlocked.Increment(ref _inUse);
        try
        {
            Interlocked.Increment(ref _writes);
            if (OnWrite is not null)
                await OnWrite(data, cancel);
            lock (Taken)
            {
                Taken.Add(data.Length);
                Data.Write(data.Span);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _inUse);
        }
    }

    public override ValueTask WriteHoleAsync(long length, CancellationToken cancel)
    {
        lock (Taken)
            Taken.Add(-length);
        return default;
    }

    public override ValueTask FinishAsync(CancellationToken cancel)
    {
        Assert.Equal(0, _inUse);
        Finishes++;
        return OnFinish?.Invoke(cancel) ?? default;
    }

    public override ValueTask AbortAsync()
    {
        Assert.Equal(0, _inUse);
        Aborts++;
        return OnAbort?.Invoke() ?? default;
    }

    public override ValueTask DisposeAsync()
    {
        if (_inUse != 0 || Finishes + Aborts != 1)
            Disposed.TrySetException(new InvalidOperationException($"in use {_inUse}, finished {Finishes}, aborted {Aborts}"));
        else if (!Disposed.TrySetResult())
            throw new InvalidOperationException("disposed twice");
        return base.DisposeAsync();
    }

    /// <summary>Sends back what it gets; ends when the client finishes.</summary>
    public static TestEndpoint Echo()
    {
        Channel<byte[]> channel = Channel.CreateUnbounded<byte[]>();
        return new TestEndpoint
        {
            OnWrite = async (data, cancel) => await channel.Writer.WriteAsync(data.ToArray(), cancel),
            OnRead = async (buffer, cancel) =>
            {
                byte[] piece = await channel.Reader.ReadAsync(cancel);
                piece.CopyTo(buffer);
                return new StreamRead(piece.Length);
            },
        };
    }
}
