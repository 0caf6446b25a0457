using System.Diagnostics.CodeAnalysis;

namespace Libvirtd.Xdr;

/// <summary>A value that cannot be decoded, or that the protocol's bounds do not let through.</summary>
public sealed class XdrException(string message) : Exception(message)
{
    [DoesNotReturn]
    internal static void ThrowTruncated(int position, int wanted) =>
        throw new XdrException($"the message ends at byte {position} where {wanted} more are needed");

    [DoesNotReturn]
    internal static void ThrowOverLimit(long count, long limit) => throw new XdrException($"{count} exceeds the protocol's limit {limit}");

    [DoesNotReturn]
    internal static void ThrowText(int position) => throw new XdrException($"the text at byte {position} is not UTF-8");

    /// <summary>A union's discriminant that has no arm.</summary>
    [DoesNotReturn]
    public static void ThrowDiscriminant(string union, int value) => throw new XdrException($"{value} is no arm of the union {union}");

    /// <summary>A fixed-size array or opaque that has another size.</summary>
    [DoesNotReturn]
    internal static void ThrowFixedLength(int length, int expected) => throw new XdrException($"{length} elements given where exactly {expected} are sent");
}
