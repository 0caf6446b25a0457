using System.Runtime.InteropServices;

namespace Libvirtd.Client.Rpc;

/// <summary>A call that waits for its answer. It stays known after its caller has given up, since the answer still comes.</summary>
internal sealed class PendingCall(uint program, int procedure, ClientStream? stream)
{
    private readonly TaskCompletionSource<(byte[] Payload, IReadOnlyList<SafeHandle> Files)> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public uint Program => program;

    public int Procedure => procedure;

    /// <summary>The stream that a successful answer opens.</summary>
    public ClientStream? Stream => stream;

    public Task<(byte[] Payload, IReadOnlyList<SafeHandle> Files)> Answer => _answer.Task;

    /// <summary>Takes the answer; false when the caller is gone.</summary>
    public bool Complete(byte[] payload, IReadOnlyList<SafeHandle> files) => _answer.TrySetResult((payload, files));

    public void Fail(Exception error)
    {
        _answer.TrySetException(error);
        // Nobody may be left to look at it.
        _ = _answer.Task.Exception;
    }

    public bool GiveUp(CancellationToken cancel) => _answer.TrySetCanceled(cancel);
}
