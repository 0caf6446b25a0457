using System.Buffers;
using System.IO.Pipelines;

namespace Libvirtd.Drivers.Test;

/// <summary>The guest's end of a console or channel.</summary>
internal interface IGuestTerminal
{
    /// <summary>What the guest says when somebody connects.</summary>
    void Greet(IBufferWriter<byte> output);

    /// <summary>What the guest answers to what came.</summary>
    void Feed(ReadOnlySpan<byte> input, IBufferWriter<byte> output);
}

/// <summary>A stream to a console or channel, in both directions. A client that does not read what the guest says is not read from either.</summary>
internal sealed class GuestStream : StreamEndpoint
{
    private const int MostUnread = 64 * 1024;
    private const int Piece = 1024;

    private readonly IGuestTerminal _guest;
    private readonly Action<GuestStream> _gone;
    private readonly Pipe _output = new(new PipeOptions(pauseWriterThreshold: MostUnread, resumeWriterThreshold: MostUnread / 2, useSynchronizationContext: false));
    private volatile bool _isHungUp;

    public GuestStream(IGuestTerminal guest, Action<GuestStream> gone)
    {
        _guest = guest;
        _gone = gone;
        guest.Greet(_output.Writer);
        // A greeting is far smaller than what may stay unread: this completes at once.
        _ = _output.Writer.FlushAsync().AsTask();
    }

    /// <summary>Ends the stream from the guest's side. Safe at any time, from any thread.</summary>
    public void HangUp()
    {
        _isHungUp = true;
        _output.Reader.CancelPendingRead();
        _output.Writer.CancelPendingFlush();
    }

    public override async ValueTask<StreamRead> ReadAsync(Memory<byte> buffer, CancellationToken cancel)
    {
        ReadResult result;
        if (!_isHungUp)
            result = await _output.Reader.ReadAsync(cancel);
        else if (!_output.Reader.TryRead(out result))
            return StreamRead.End;
        int count = (int)Math.Min(result.Buffer.Length, buffer.Length);
        ReadOnlySequence<byte> taken = result.Buffer.Slice(0, count);
        taken.CopyTo(buffer.Span);
        _output.Reader.AdvanceTo(taken.End); // from here on the sequence is no more
        if (count > 0 || _isHungUp)
            return new StreamRead(count);
        return await ReadAsync(buffer, cancel);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        while (data.Length > 0 && !_isHungUp)
        {
            ReadOnlyMemory<byte> piece = data[..Math.Min(Piece, data.Length)];
            data = data[piece.Length..];
            _guest.Feed(piece.Span, _output.Writer);
            await _output.Writer.FlushAsync(cancel);
        }
    }

    public override ValueTask FinishAsync(CancellationToken cancel) => AbortAsync();

    public override ValueTask AbortAsync()
    {
        _gone(this);
        return default;
    }

    public override ValueTask DisposeAsync()
    {
        _gone(this);
        HangUp();
        return base.DisposeAsync();
    }
}
