using System.Runtime.InteropServices;
using Libvirtd.Drivers;
using Libvirtd.Protocol;
using Libvirtd.Rpc.Diagnostics;
using Libvirtd.Rpc.Sessions;
using Libvirtd.Xdr;

namespace Libvirtd.Rpc.Dispatch;

/// <summary>
/// One call while it is being answered. A session uses one object for all calls that complete at once; a call that goes on keeps its own.
/// </summary>
internal sealed class ServerCall(Session session) : CallContext
{
    private const int MaxFiles = 32;
    private PacketHeader _header;
    private IReadOnlyList<SafeHandle> _files = [];
    private List<SafeHandle>? _replyFiles;

    public Session Session => session;

    public PacketHeader Header => _header;

    public ProcedureInfo Procedure { get; set; } = null!;

    /// <summary>need_results, maxnames or nparams: what the encoder must know of the arguments.</summary>
    public int Count { get; set; }

    /// <summary>The client takes typed parameters that are strings.</summary>
    public bool TakesStrings { get; set; }

    /// <summary>The stream that the call opens carries holes.</summary>
    public bool IsSparse { get; set; }

    /// <summary>The error that the call was answered with; null for none.</summary>
    public ErrorCode? Failure { get; private set; }

    /// <summary>What is kept for those who watch calls; null while nobody does.</summary>
    public CallObservation? Observation { get; set; }

    /// <summary>An answer was given.</summary>
    public bool IsAnswered { get; private set; }

    /// <summary>The driver has not finished yet: the answer comes later.</summary>
    public bool IsPending { get; private set; }

    /// <summary>An interceptor keeps the call: it has not been decoded yet, or was decoded later than it came.</summary>
    public bool IsHeld { get; private set; }

    /// <summary>What the client gets in place of the answer; null for the answer itself.</summary>
    public Exception? InsteadOfReply { get; set; }

    public override ClientIdentity Identity => session.Identity;

    public override bool IsReadOnly => session.IsReadOnly;

    public override CancellationToken Cancellation => session.Cancellation;

    public override IReadOnlyList<SafeHandle> Files => _files;

    /// <summary>What answers the admin program on this connection.</summary>
    public AdminDriver Admin => session.Service.Admin ?? throw VirException.NoSupport(Procedure.Api, ErrorDomain.Rpc);

    public override void AddReplyFile(SafeHandle file)
    {
        _replyFiles ??= [];
        if (_replyFiles.Count == MaxFiles)
        {
            file.Dispose();
            throw RpcErrors.Rpc($"Too many FDs to send: {MaxFiles + 1}");
        }
        _replyFiles.Add(file);
    }

    public void Begin(PacketHeader header, IReadOnlyList<SafeHandle> files)
    {
        _header = header;
        _files = files;
        IsAnswered = false;
        IsPending = false;
        IsHeld = false;
        InsteadOfReply = null;
        Count = 0;
        IsSparse = false;
        Procedure = null!; // not known yet
        Failure = null;
    }

    /// <summary>The driver's connection.</summary>
    /// <param name="hypervisor">The procedure is served by the hypervisor part, which only the error text tells.</param>
    public DriverConnection Connection(bool hypervisor) =>
        session.Connection ?? throw RpcErrors.Internal(hypervisor ? "hypervisor connection not open" : "connection not open");

    /// <summary>Goes on with the call when the interceptor's task has ended.</summary>
    public void Hold(ValueTask<CallVerdict> verdict, Action<ServerCall> proceed)
    {
        IsHeld = true;
        _ = HoldAsync(verdict, proceed);
    }

    /// <summary>Answers when the callback has ended.</summary>
    public void Complete(ValueTask callback)
    {
        if (callback.IsCompleted)
        {
            callback.GetAwaiter().GetResult();
            Reply(0, static (_, _, _) => { });
        }
        else
        {
            IsPending = true;
            _ = FinishAsync(callback);
        }
    }

    /// <summary>Answers with the callback's result.</summary>
    public void Complete<T>(ValueTask<T> callback, Action<ServerCall, XdrWriter, T> encode)
    {
        if (callback.IsCompleted)
            Reply(callback.GetAwaiter().GetResult(), encode);
        else
        {
            IsPending = true;
            _ = FinishAsync(callback, encode);
        }
    }

    /// <summary>Answers when the stream is open, and starts it.</summary>
    public void CompleteStream(ValueTask<StreamEndpoint> callback)
    {
        IsPending = true;
        _ = FinishStreamAsync(callback);
    }

    /// <summary>Answers with the callback's result when the stream is open, and starts it.</summary>
    public void CompleteStream<T>(ValueTask<(T Result, StreamEndpoint Stream)> callback, Action<ServerCall, XdrWriter, T> encode)
    {
        IsPending = true;
        _ = FinishStreamAsync(callback, encode);
    }

    /// <summary>Answers at once with an encoded result.</summary>
    public void Reply<T>(T result, Action<ServerCall, XdrWriter, T> encode)
    {
        if (InsteadOfReply is { } instead)
        {
            ReplyFailure(instead);
            return;
        }
        List<SafeHandle>? files = _replyFiles;
        _replyFiles = null;
        session.Output.AppendReply(this, _header.Reply(withFiles: files is { Count: > 0 }), result, encode, files);
        IsAnswered = true;
    }

    /// <summary>Answers with an error.</summary>
    public void ReplyError(VirException error)
    {
        DropReplyFiles();
        Failure = error.Code;
        session.Output.AppendError(_header.Reply(NetMessageStatus.Error), error);
        IsAnswered = true;
    }

    /// <summary>Answers with the error that an exception stands for; one of them ends the connection instead.</summary>
    public void ReplyFailure(Exception failure)
    {
        failure = InsteadOfReply ?? failure;
        if (failure is DisconnectException)
        {
            DropReplyFiles();
            session.Disconnect(failure);
            IsAnswered = true;
            return;
        }
        ReplyError(failure is XdrException ? RpcErrors.Rpc("Unable to decode message payload") : RpcErrors.Of(failure));
    }

    /// <summary>Closes the descriptors that came with the call.</summary>
    public void CloseFiles()
    {
        foreach (SafeHandle file in _files)
            file.Dispose();
        _files = [];
        DropReplyFiles();
    }

    private async Task HoldAsync(ValueTask<CallVerdict> verdict, Action<ServerCall> proceed)
    {
        try
        {
            InsteadOfReply = (await verdict.ConfigureAwait(false)).InsteadOfReply;
            proceed(this);
        }
        catch (Exception failure)
        {
            Fail(failure);
        }
        if (!IsPending)
            session.OnCallFinished(this);
    }

    private async Task FinishAsync(ValueTask callback)
    {
        try
        {
            await callback.ConfigureAwait(false);
            Reply(0, static (_, _, _) => { });
        }
        catch (Exception failure)
        {
            Fail(failure);
        }
        session.OnCallFinished(this);
    }

    private async Task FinishAsync<T>(ValueTask<T> callback, Action<ServerCall, XdrWriter, T> encode)
    {
        try
        {
            Reply(await callback.ConfigureAwait(false), encode);
        }
        catch (Exception failure)
        {
            Fail(failure);
        }
        session.OnCallFinished(this);
    }

    private async Task FinishStreamAsync(ValueTask<StreamEndpoint> callback)
    {
        try
        {
            StreamEndpoint endpoint = await callback.ConfigureAwait(false);
            session.OpenStream(this, endpoint, () => Reply(0, static (_, _, _) => { }));
        }
        catch (Exception failure)
        {
            Fail(failure);
        }
        session.OnCallFinished(this);
    }

    private async Task FinishStreamAsync<T>(ValueTask<(T Result, StreamEndpoint Stream)> callback, Action<ServerCall, XdrWriter, T> encode)
    {
        try
        {
            (T result, StreamEndpoint endpoint) = await callback.ConfigureAwait(false);
            session.OpenStream(this, endpoint, () => Reply(result, encode));
        }
        catch (Exception failure)
        {
            Fail(failure);
        }
        session.OnCallFinished(this);
    }

    private void Fail(Exception failure)
    {
        try
        {
            session.LogFailure(this, failure);
            ReplyFailure(failure);
        }
        catch (Exception lost)
        {
            session.Abort(lost);
        }
    }

    private void DropReplyFiles()
    {
        foreach (SafeHandle file in (IEnumerable<SafeHandle>?)_replyFiles ?? [])
            file.Dispose();
        _replyFiles = null;
    }
}
