using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Libvirtd.Client.Transport;

/// <summary>A Unix socket, read with recvmsg so that no descriptor is lost.</summary>
internal sealed class UnixTransport : RpcTransport
{
    private readonly Socket _socket;
    private readonly ConcurrentQueue<SafeHandle> _files = new();
    private readonly NetworkStream _sending;

    public UnixTransport(Socket socket)
    {
        _socket = socket;
        _sending = new NetworkStream(socket, ownsSocket: false);
        Input = PipeReader.Create(new Receiving(socket, _files), new StreamPipeReaderOptions(bufferSize: 65536, leaveOpen: true));
        Output = PipeWriter.Create(_sending, new StreamPipeWriterOptions(leaveOpen: true));
    }

    public override PipeReader Input { get; }

    public override PipeWriter Output { get; }

    public override bool CanPassFiles => true;

    public override async ValueTask SendFilesAsync(IReadOnlyList<SafeHandle> files)
    {
        foreach (SafeHandle file in files)
        {
            // A full socket buffer: wait on another thread, since there is no asynchronous wait for room.
            while (!FileMessages.TrySend(_socket.SafeHandle, file))
                await Task.Run(() => _socket.Poll(TimeSpan.FromSeconds(1), SelectMode.SelectWrite)).ConfigureAwait(false);
        }
    }

    public override SafeHandle? TakeFile() => _files.TryDequeue(out SafeHandle? file) ? file : null;

    public override async ValueTask DisposeAsync()
    {
        await _sending.DisposeAsync().ConfigureAwait(false);
        _socket.Dispose();
        while (TakeFile() is { } file)
            file.Dispose();
    }

    private sealed class Receiving(Socket socket, ConcurrentQueue<SafeHandle> files) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (true)
            {
                // Nothing is received here: it returns when there is something to receive.
                await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, cancellationToken).ConfigureAwait(false);
                int count = FileMessages.TryReceive(socket.SafeHandle, buffer.Span, out SafeFileHandle? file);
                if (file is not null)
                    files.Enqueue(file);
                if (count >= 0)
                    return count;
            }
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Flush()
        {
        }
    }
}
