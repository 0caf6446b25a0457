using System.Collections.Immutable;
using Libvirtd.Xdr;

namespace Libvirtd.Protocol;

/// <summary>Which way a procedure's stream carries data.</summary>
public enum StreamDirection
{
    /// <summary>The procedure opens no stream.</summary>
    None,

    /// <summary>From the server, as in a download.</summary>
    ToClient,

    /// <summary>From the client, as in an upload.</summary>
    ToServer,

    /// <summary>Both ways, as in a console.</summary>
    Both,
}

/// <summary>The kinds of objects that procedures belong to, each with a driver class.</summary>
public enum ObjectKind
{
    Connect,
    Domain,
    DomainSnapshot,
    DomainCheckpoint,
    Network,
    NetworkPort,
    StoragePool,
    StorageVol,
    NodeDevice,
    Interface,
    Secret,
    NwFilter,
    NwFilterBinding,
    Qemu,
    Lxc,
    Admin,
}

/// <summary>What the .x file says of a procedure.</summary>
/// <param name="Number">Its number on the wire.</param>
/// <param name="Name">Its name in the .x file: <c>REMOTE_PROC_DOMAIN_BLOCK_COMMIT</c>.</param>
/// <param name="Api">The public C function: <c>virDomainBlockCommit</c>.</param>
/// <param name="Kind">The kind of object that it belongs to.</param>
/// <param name="ErrorDomain">The domain of the errors that the public API layer raises for it.</param>
/// <param name="IsEvent">Sent by the server unasked; it cannot be called.</param>
/// <param name="IsSession">Answered by the session itself, not by a driver.</param>
/// <param name="HighPriority">Never waits for a guest.</param>
/// <param name="AllowedReadOnly">Allowed on a read-only connection, though some of its flags may not be.</param>
/// <param name="Stream">The stream that a successful call opens.</param>
/// <param name="SparseFlag">The flag that makes the stream sparse; 0 for none.</param>
/// <param name="Arguments">The codec of the arguments; null for none.</param>
/// <param name="Result">The codec of the results, or of an event's body; null for none.</param>
public sealed record ProcedureInfo(
    int Number,
    string Name,
    string Api,
    ObjectKind Kind,
    ErrorDomain ErrorDomain,
    bool IsEvent = false,
    bool IsSession = false,
    bool HighPriority = false,
    bool AllowedReadOnly = false,
    StreamDirection Stream = StreamDirection.None,
    uint SparseFlag = 0,
    WireCodec? Arguments = null,
    WireCodec? Result = null)
{
    /// <summary>The access rules, each <c>object:permission</c> with an optional condition.</summary>
    public ImmutableArray<string> Acl { get; init; } = [];

    /// <summary>The rules that filter a list's objects or an event's receivers.</summary>
    public ImmutableArray<string> AclFilter { get; init; } = [];
}

/// <summary>Decodes and encodes a type of the protocol that is known only at run time: what recorders, fuzzers and round-trip tests need.</summary>
public abstract class WireCodec
{
    /// <summary>The type.</summary>
    public abstract Type Type { get; }

    /// <summary>Decodes a value and encodes it again; returns the bytes that were read.</summary>
    /// <exception cref="XdrException">The bytes are no such value.</exception>
    public abstract int Transcode(ReadOnlySpan<byte> bytes, XdrWriter writer);
}

/// <inheritdoc/>
public sealed class WireCodec<T> : WireCodec
    where T : IXdrValue<T>
{
    /// <inheritdoc/>
    public override Type Type => typeof(T);

    /// <inheritdoc/>
    public override int Transcode(ReadOnlySpan<byte> bytes, XdrWriter writer)
    {
        XdrReader reader = new(bytes);
        T.Decode(ref reader).Encode(writer);
        return reader.Position;
    }
}

/// <summary>Finds procedures by number.</summary>
internal sealed class ProcedureTable
{
    private readonly ProcedureInfo?[] _byNumber;

    public ProcedureTable(ImmutableArray<ProcedureInfo> procedures)
    {
        _byNumber = new ProcedureInfo?[procedures.Length == 0 ? 0 : procedures[^1].Number + 1];
        foreach (ProcedureInfo procedure in procedures)
            _byNumber[procedure.Number] = procedure;
    }

    public ProcedureInfo? Find(int number) => (uint)number < (uint)_byNumber.Length ? _byNumber[number] : null;
}
