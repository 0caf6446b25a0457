using Libvirtd.Protocol;
using Libvirtd.Xdr;

namespace Libvirtd.Rpc;

/// <summary>The errors that the RPC layer itself raises, and how any error is encoded.</summary>
internal static class RpcErrors
{
    private const int LevelError = 2;
    private const int LongestText = 4_194_304;

    public static VirException Rpc(string text) => VirException.Of(ErrorCode.Rpc, ErrorDomain.Rpc, text);

    public static VirException Internal(string text) => VirException.Of(ErrorCode.InternalError, ErrorDomain.Rpc, text);

    public static VirException UnknownProcedure(int number) => Rpc($"unknown procedure: {number}");

    public static VirException ReadOnly(string text, ErrorDomain domain) => VirException.Of(ErrorCode.OperationDenied, domain, text);

    public static VirException Stream(string text) => VirException.Of(ErrorCode.Rpc, ErrorDomain.Streams, text);

    /// <summary>What the client gets for an exception that is no <see cref="VirException"/>.</summary>
    public static VirException Of(Exception failure) => failure switch
    {
        VirException known => known,
        OperationCanceledException => VirException.Of(ErrorCode.OperationAborted, ErrorDomain.Rpc, "the call was cancelled"),
        _ => VirException.Of(ErrorCode.InternalError, ErrorDomain.Rpc, $"{failure.GetType().Name}: {failure.Message}"),
    };

    /// <summary>The eleven fields of virNetMessageError.</summary>
    public static void Encode(XdrWriter writer, VirException error)
    {
        writer.WriteInt32((int)error.Code);
        writer.WriteInt32((int)error.Domain);
        Optional(writer, error.Message);
        writer.WriteInt32(LevelError);
        writer.WriteBool(false); // dom
        Optional(writer, error.Str1);
        Optional(writer, error.Str2);
        Optional(writer, error.Str3);
        writer.WriteInt32(error.Int1);
        writer.WriteInt32(error.Int2);
        writer.WriteBool(false); // net
    }

    private static void Optional(XdrWriter writer, string? text)
    {
        writer.WriteBool(text is not null);
        if (text is not null)
            writer.WriteString(Clean(text), LongestText);
    }

    // A driver's text may hold half a surrogate pair, or be longer than the wire takes: an error must still arrive.
    private static string Clean(string text)
    {
        if (text.Length > LongestText / 4)
            text = text[..(LongestText / 4)];
        foreach (char c in text)
        {
            if (char.IsSurrogate(c))
                return System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text));
        }
        return text;
    }
}
