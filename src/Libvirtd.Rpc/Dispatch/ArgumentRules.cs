using Libvirtd.Protocol;

namespace Libvirtd.Rpc.Dispatch;

/// <summary>The checks of the public C functions, with their error texts; see docs/protocol-annotations.md.</summary>
internal static class ArgumentRules
{
    public static void NonNull(bool present, string argument, string function, ErrorDomain domain)
    {
        if (!present)
            throw Bad($"{argument} in {function} must not be NULL", argument, function, domain);
    }

    public static void NonEmpty(string? text, string argument, string function, ErrorDomain domain)
    {
        NonNull(text is not null, argument, function, domain);
        if (text!.Length == 0)
            throw Bad($"string {argument} in {function} must not be empty", argument, function, domain);
    }

    public static void Positive(long value, string argument, string function, ErrorDomain domain)
    {
        if (value <= 0)
            throw Bad($"{argument} in {function} must be greater than zero", argument, function, domain);
    }

    public static void NonZero(long value, string argument, string function, ErrorDomain domain)
    {
        if (value == 0)
            throw Bad($"{argument} in {function} must not be zero", argument, function, domain);
    }

    public static void NonNegative(long value, string argument, string function, ErrorDomain domain)
    {
        if (value < 0)
            throw Bad($"{argument} in {function} must be zero or greater", argument, function, domain);
    }

    public static void Zero(long value, string argument, string function, ErrorDomain domain)
    {
        if (value != 0)
            throw Bad($"{argument} in {function} must be zero", argument, function, domain);
    }

    public static void Exclusive(ulong flags, uint first, string firstName, uint second, string secondName, string function, ErrorDomain domain)
    {
        if ((flags & first) != 0 && (flags & second) != 0)
            throw Bad($"Flags '{firstName}' and '{secondName}' are mutually exclusive", "ctl", function, domain);
    }

    public static void Requires(ulong flags, uint first, string firstName, uint second, string secondName, string function, ErrorDomain domain)
    {
        if ((flags & first) != 0 && (flags & second) == 0)
            throw Bad($"Flag '{secondName}' is required by flag '{firstName}'", "ctl", function, domain);
    }

    /// <summary>A count that the protocol bounds.</summary>
    /// <param name="value">The count, or the product of two.</param>
    /// <param name="limit">The most that is allowed.</param>
    /// <param name="text">The error's text.</param>
    /// <param name="generated">libvirt generates the check, which then fails as an RPC error.</param>
    public static void Limit(ulong value, ulong limit, string text, bool generated)
    {
        if (value > limit)
            throw generated ? RpcErrors.Rpc(text) : RpcErrors.Internal(text);
    }

    /// <summary>A count that is signed on the wire.</summary>
    public static void Count(int value, string argument, bool generated) => Limit(value < 0 ? 1u : 0u, 0, argument + " must be non-negative", generated);

    /// <summary>The most names, ids or uuids that the caller takes.</summary>
    public static int ListMaximum(int wanted, int limit, string argument, string limitName)
    {
        if (wanted < 0)
            throw RpcErrors.Rpc($"{argument} must be non-negative");
        if (wanted > limit)
            throw RpcErrors.Rpc($"{argument} > {limitName}");
        return wanted;
    }

    /// <summary>The most parameters that the caller takes; 0 asks how many there are.</summary>
    public static int ParameterCount(int wanted, int limit)
    {
        if (wanted < 0)
            throw RpcErrors.Internal("nparams must be non-negative");
        if (wanted > limit)
            throw RpcErrors.Internal("nparams too large");
        return wanted;
    }

    /// <summary>C's <c>unsigned long</c>: 64 bits on the wire, the machine's word in a driver.</summary>
    public static nuint ToUnsignedLong(ulong value) => value <= nuint.MaxValue
        ? (nuint)value
        : throw VirException.Of(ErrorCode.Overflow, ErrorDomain.Rpc, "conversion from hyper to unsigned long overflowed");

    private static VirException Bad(string message, string argument, string function, ErrorDomain domain) =>
        VirException.BadArgument(domain, message, function, argument);
}
