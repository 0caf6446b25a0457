using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using Libvirtd.Drivers;
using Libvirtd.Protocol;
using Libvirtd.Rpc.Diagnostics;
using Libvirtd.Rpc.Dispatch;
using Libvirtd.Rpc.Events;
using Libvirtd.Rpc.Transport;
using Libvirtd.Xdr;
using Microsoft.Extensions.Logging;

namespace Libvirtd.Rpc.Sessions;

/// <summary>
/// One client's connection: it reads packets in order, answers keepalive and feeds streams at once, and starts calls. A call that completes at once
/// is answered in place; others count against the limit of calls under way, and calls beyond it are parked, so that what comes behind them is still
/// seen. Reading stops only when the parking space is full.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The token source has no timer and the semaphore no handle: nothing is held; late callers may still use both.")]
internal sealed partial class Session
{
    private readonly ITransport _transport;
    private readonly CancellationTokenSource _gone = new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly Queue<ParkedCall> _parked = new();
    private readonly ILogger _logger;
    private ServerCall? _idleCall;
    private DriverConnection? _connection;
    private int _parkedBytes;
    private int _underWay;
    private int _waitingForWake;
    private long _received;
    private bool _closing;
    private volatile bool _aborted;
    private Exception? _reason;

    public Session(RpcServer server, ITransport transport, RpcService service, long id)
    {
        Server = server;
        Id = id;
        _transport = transport;
        _logger = server.Logger;
        IsReadOnly = service.IsReadOnly;
        Service = service;
        IsAuthenticated = !service.IsAnonymous;
        Output = new PacketOutput(transport, server.Options.MaxBacklogBytes, server.Telemetry.Sent) { OnFailure = Abort };
        Events = new EventSubscriptions(this);
        Connected = server.Time.GetUtcNow();
        LastReceived = server.Time.GetTimestamp();
    }

    public RpcServer Server { get; }

    /// <summary>Counts up from 1, never used twice.</summary>
    public long Id { get; }

    public RpcService Service { get; }

    public DateTimeOffset Connected { get; }

    public PacketOutput Output { get; }

    public EventSubscriptions Events { get; }

    public ITransport Transport => _transport;

    public CancellationToken Cancellation => _gone.Token;

    /// <summary>The opened driver connection; null before CONNECT_OPEN.</summary>
    public DriverConnection? Connection => Volatile.Read(ref _connection);

    public bool IsReadOnly { get; set; }

    /// <summary>The client has logged in, or need not.</summary>
    public bool IsAuthenticated { get; private set; }

    /// <summary>When the last bytes came, as a timestamp of the server's clock.</summary>
    public long LastReceived { get; private set; }

    /// <summary>We have stopped reading ourselves, so silence says nothing about the client.</summary>
    public bool IsPaused => Volatile.Read(ref _waitingForWake) != 0;

    /// <summary>Calls that have begun and are not answered yet.</summary>
    public int UnderWay => Volatile.Read(ref _underWay);

    /// <summary>Calls that are parked.</summary>
    public int Waiting => _parked.Count;

    /// <summary>Runs until the connection is over and everything that it held is given back.</summary>
    public async Task RunAsync()
    {
        try
        {
            await ReadAsync().ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            Interlocked.CompareExchange(ref _reason, failure, null);
        }
        await EndAsync().ConfigureAwait(false);
    }

    /// <summary>The client has logged in: it counts as anonymous no more.</summary>
    public void Authenticate()
    {
        IsAuthenticated = true;
        Server.CheckLimits();
    }

    /// <summary>CONNECT_OPEN has succeeded; false when another one was quicker.</summary>
    public bool TryOpen(DriverConnection connection) => Interlocked.CompareExchange(ref _connection, connection, null) is null;

    /// <summary>Ends the connection from any thread; the first reason is the one that is told.</summary>
    public void Abort(Exception? reason)
    {
        Interlocked.CompareExchange(ref _reason, reason, null);
        _aborted = true;
        _transport.Abort(reason);
        Wake();
    }

    /// <summary>The driver wants the connection to end, without an answer.</summary>
    public void Disconnect(Exception reason) => Abort(new TransportException(TransportFault.Aborted, reason.Message));

    /// <summary>Lets no further packet in; what is answered already still goes out, then the connection ends.</summary>
    public void Close() => _closing = true;

    private async Task ReadAsync()
    {
        PipeReader input = _transport.Input;
        while (true)
        {
            ReadResult read = await input.ReadAsync().ConfigureAwait(false);
            ReadOnlySequence<byte> buffer = read.Buffer;
            if (!buffer.IsEmpty)
                LastReceived = Server.Time.GetTimestamp();
            ReadOnlySequence<byte> rest = Take(buffer, out bool isFull);
            Server.Telemetry.Received.Add(buffer.Length - rest.Length);
            input.AdvanceTo(rest.Start, isFull ? rest.Start : buffer.End); // the next read must find whole packets that are left
            StartParked();
            Output.Flush();
            if (_closing || (read.IsCompleted && !isFull && rest.Length == buffer.Length))
                return;
            while (MustWait() && !_closing && !_aborted)
                await WaitAsync().ConfigureAwait(false);
            if (Output.IsFull)
            {
                await Output.WaitForRoomAsync().ConfigureAwait(false);
                LastReceived = Server.Time.GetTimestamp(); // it read, so it is there
            }
        }
    }

    /// <summary>Handles every packet that is there whole, unless so much waits that no more can be taken; returns what is left.</summary>
    private ReadOnlySequence<byte> Take(ReadOnlySequence<byte> buffer, out bool isFull)
    {
        isFull = false;
        while (!_closing)
        {
            isFull = MustWait() || Output.IsFull;
            if (isFull || !Framer.TryRead(buffer, _transport.CanPassFiles, out Frame frame))
                break;
            long start = _received;
            _received += frame.Packet.Length + frame.Files;
            buffer = buffer.Slice(frame.Packet.Length + frame.Files);
            SafeHandle[] files = frame.Files == 0 ? [] : TakeFiles(start + frame.Packet.Length, frame.Files);
            Handle(frame.Packet.IsSingleSegment ? frame.Packet.FirstSpan : frame.Packet.ToArray(), files);
        }
        return buffer;
    }

    private SafeHandle[] TakeFiles(long offset, int count)
    {
        List<SafeHandle> files = new(count);
        for (int i = 0; i < count; i++)
        {
            if (_transport.ReceivedFiles.TryTake(offset + i, out Microsoft.Win32.SafeHandles.SafeFileHandle? file))
            {
                files.Add(file);
                continue;
            }
            foreach (SafeHandle taken in files)
                taken.Dispose();
            throw new ProtocolViolationException($"{count} file descriptors were announced, number {i + 1} did not come");
        }
        return [.. files];
    }

    private void Handle(ReadOnlySpan<byte> message, IReadOnlyList<SafeHandle> files)
    {
        PacketHeader header = PacketHeader.Read(message);
        ReadOnlySpan<byte> payload = message[PacketHeader.Size..];
        bool withFiles = header.Type == NetMessageType.CallWithFds;
        if (withFiles)
            payload = payload[4..];
        if (header.Program == KeepaliveProgram.Number && header.Version == KeepaliveProgram.Version && header.Type == NetMessageType.Message)
        {
            HandleKeepAlive(header);
            return;
        }
        if (header.Type is NetMessageType.Stream or NetMessageType.StreamHole)
        {
            HandleStream(header, payload);
            return;
        }
        if (header.Type != NetMessageType.Call && !withFiles)
            return; // replies and messages from a client mean nothing
        if (_parked.Count == 0 && Volatile.Read(ref _underWay) < Server.Options.MaxClientRequests)
            Start(header, payload, files);
        else
            Park(header, payload, files);
    }

    private void Park(PacketHeader header, ReadOnlySpan<byte> payload, IReadOnlyList<SafeHandle> files)
    {
        _parked.Enqueue(new ParkedCall(header, payload.ToArray(), files));
        _parkedBytes += payload.Length;
    }

    private void StartParked()
    {
        Interlocked.MemoryBarrier(); // a call that ends now either sees what was parked, or is seen here
        while (!_closing && _parked.Count > 0 && Volatile.Read(ref _underWay) < Server.Options.MaxClientRequests)
        {
            ParkedCall call = _parked.Dequeue();
            _parkedBytes -= call.Payload.Length;
            Start(call.Header, call.Payload, call.Files);
        }
    }

    private void Start(PacketHeader header, ReadOnlySpan<byte> payload, IReadOnlyList<SafeHandle> files)
    {
        ServerCall call = _idleCall ?? new ServerCall(this);
        _idleCall = null;
        call.Begin(header, files);
        Activity? span = Server.Telemetry.Begin(call);
        Events.BeginCall();
        try
        {
            Dispatch(call, payload);
        }
        catch (Exception failure)
        {
            LogFailure(call, failure);
            call.ReplyFailure(failure);
        }
        Events.EndCall();
        RpcTelemetry.Leave(span);
        if (call.IsPending || call.IsHeld)
        {
            Interlocked.Increment(ref _underWay);
            return;
        }
        Server.Telemetry.End(call);
        call.CloseFiles();
        _idleCall = call;
    }

    private void Dispatch(ServerCall call, ReadOnlySpan<byte> payload)
    {
        PacketHeader header = call.Header;
        ServerProgram program = RpcServer.FindProgram(Service, header.Program, header.Version)
            ?? throw RpcErrors.Rpc($"Cannot find program {header.Program} version {header.Version}");
        if (header.Status != NetMessageStatus.Ok)
            throw RpcErrors.Rpc($"Unexpected message status {(int)header.Status}");
        if (program.Find(header.Procedure) is not { IsEvent: false } procedure)
            throw RpcErrors.UnknownProcedure(header.Procedure);
        call.Procedure = procedure;
        if (!IsAuthenticated && !SessionProcedures.IsAuthentication(procedure))
            throw RpcErrors.Rpc("authentication required");
        if (Connection?.Interceptor is not { } interceptor || !IsKept(call, program, payload, interceptor))
            Proceed(call, program, payload);
    }

    /// <summary>Asks the interceptor; true when it keeps the call, which then goes on later.</summary>
    private bool IsKept(ServerCall call, ServerProgram program, ReadOnlySpan<byte> payload, CallInterceptor interceptor)
    {
        ValueTask<CallVerdict> verdict = interceptor.BeforeAsync(call, call.Procedure);
        if (verdict.IsCompleted)
        {
            call.InsteadOfReply = verdict.GetAwaiter().GetResult().InsteadOfReply;
            return false;
        }
        byte[] copy = payload.ToArray();
        call.Hold(verdict, kept => Proceed(kept, program, copy));
        return true;
    }

    private void Proceed(ServerCall call, ServerProgram program, ReadOnlySpan<byte> payload)
    {
        ProcedureInfo procedure = call.Procedure;
        PacketHeader header = call.Header;
        XdrReader reader = new(payload, Server.Strings);
        if (procedure.Number == LegacyNetworkUpdate.Procedure && header.Program == RemoteProgram.Number && !KnowsNetworkUpdateOrder)
            reader = new XdrReader(LegacyNetworkUpdate.Reorder(payload), Server.Strings);
        program.Dispatch(call, ref reader);
        if (header.Program == AdminProgram.Number && procedure.Number == (int)AdminProcedure.ConnectClose)
            Close();
    }

    /// <summary>A call that went on has been answered.</summary>
    public void OnCallFinished(ServerCall call)
    {
        Server.Telemetry.End(call);
        call.CloseFiles();
        Interlocked.Decrement(ref _underWay);
        Output.Flush();
        if (_parked.Count > 0 || _closing || IsPaused)
            Wake();
    }

    public void LogFailure(ServerCall call, Exception failure)
    {
        if (failure is not (VirException or XdrException or OperationCanceledException or DisconnectException))
            RpcLog.CallbackFailed(_logger, Id, call.Procedure?.Name ?? "?", failure);
    }

    private bool MustWait() => _parked.Count > Server.Options.LookAheadPackets || _parkedBytes > Server.Options.LookAheadBytes || StreamsAreFull;

    private async ValueTask WaitAsync()
    {
        Interlocked.Exchange(ref _waitingForWake, 1);
        try
        {
            StartParked();
            Output.Flush();
            if (MustWait())
                await _wake.WaitAsync(_gone.Token).ConfigureAwait(false);
            StartParked();
            Output.Flush();
        }
        finally
        {
            Volatile.Write(ref _waitingForWake, 0);
            LastReceived = Server.Time.GetTimestamp();
        }
    }

    private void Wake()
    {
        if (_wake.CurrentCount == 0)
        {
            try
            {
                _wake.Release();
            }
            catch (SemaphoreFullException)
            {
                // Somebody else was quicker.
            }
        }
        _transport.Input.CancelPendingRead();
    }

    private async Task EndAsync()
    {
        if (_reason is null && _closing)
            await Output.DrainAsync().ConfigureAwait(false);
        LogEnd();
        Server.Unlist(this);
        await _gone.CancelAsync().ConfigureAwait(false);
        Events.Clear();
        _transport.Abort(_reason); // first: a stream may be waiting for the client to read
        await EndStreamsAsync().ConfigureAwait(false);
        await _transport.DisposeAsync().ConfigureAwait(false);
        foreach (ParkedCall parked in _parked)
        {
            foreach (SafeHandle file in parked.Files)
                file.Dispose();
        }
        _parked.Clear();
        await WaitForCallsAsync().ConfigureAwait(false);
        if (Interlocked.Exchange(ref _connection, null) is { } connection)
        {
            try
            {
                await connection.DisposeAsync().ConfigureAwait(false);
            }
            catch (Exception failure)
            {
                RpcLog.CallbackFailed(_logger, Id, "close", failure);
            }
        }
    }

    // The driver's connection may only go when no call uses it any more.
    private async Task WaitForCallsAsync()
    {
        _closing = true;
        Interlocked.MemoryBarrier();
        while (Volatile.Read(ref _underWay) > 0)
        {
            await _wake.WaitAsync().ConfigureAwait(false);
        }
    }

    private void LogEnd()
    {
        switch (_reason)
        {
            case null:
                RpcLog.Disconnected(_logger, Id);
                break;
            case ProtocolViolationException or TransportException { Fault: TransportFault.Violation }:
                RpcLog.ProtocolViolation(_logger, Id, _reason.Message);
                break;
            case TransportException { Fault: not TransportFault.Unexpected }:
                RpcLog.DisconnectedBy(_logger, Id, _reason.Message);
                break;
            default:
                RpcLog.Failed(_logger, Id, _reason);
                break;
        }
    }

    private readonly record struct ParkedCall(PacketHeader Header, byte[] Payload, IReadOnlyList<SafeHandle> Files);
}
