using System.Runtime.InteropServices;

namespace Libvirtd.Protocol;

/// <summary>
/// A libvirt error: exactly what goes on the wire in an error reply. Drivers throw it to answer a call with an error; the client throws it
/// for an error that it received.
/// </summary>
/// <remarks><c>int1</c> is -1, or an errno where <see cref="Code"/> is <see cref="ErrorCode.SystemError"/>.</remarks>
public sealed class VirException : Exception
{
    public VirException(ErrorCode code, ErrorDomain domain, string message, string? str1 = null, string? str2 = null, string? str3 = null,
        int int1 = -1, int int2 = -1, Exception? inner = null)
        : base(message, inner)
    {
        Code = code;
        Domain = domain;
        Str1 = str1;
        Str2 = str2;
        Str3 = str3;
        Int1 = int1;
        Int2 = int2;
    }

    public ErrorCode Code { get; }

    public ErrorDomain Domain { get; }

    public string? Str1 { get; }

    public string? Str2 { get; }

    public string? Str3 { get; }

    public int Int1 { get; }

    public int Int2 { get; }

    /// <summary>The usual error: the code's template with the detail inside, or its short text where there is no detail.</summary>
    public static VirException Of(ErrorCode code, ErrorDomain domain, string? detail = null) => detail is null
        ? new(code, domain, ErrorText.Short(code), ErrorText.Short(code))
        : new(code, domain, ErrorText.Format(code, detail), ErrorText.Template(code), detail);

    /// <summary>VIR_ERR_NO_SUPPORT: the driver lacks the public function, such as <c>virDomainBlockRebase</c>.</summary>
    public static VirException NoSupport(string function, ErrorDomain domain) => Of(ErrorCode.NoSupport, domain, function);

    /// <summary>VIR_ERR_INTERNAL_ERROR with a detail.</summary>
    public static VirException Internal(ErrorDomain domain, string detail) => Of(ErrorCode.InternalError, domain, detail);

    /// <summary>An argument that the public API refuses: the text has no prefix, str1 is the function and str2 the argument.</summary>
    public static VirException BadArgument(ErrorDomain domain, string message, string function, string argument) =>
        new(ErrorCode.InvalidArg, domain, message, function, argument, null, 0, 0);

    /// <summary>Flag bits that <paramref name="function"/>, the driver's own function, does not know.</summary>
    public static VirException UnsupportedFlags(ErrorDomain domain, uint flags, string function) =>
        new(ErrorCode.InvalidArg, domain, $"unsupported flags (0x{flags:x}) in function {function}", function, "flags", null, 0, 0);

    /// <summary>VIR_ERR_SYSTEM_ERROR: the text of an operation that failed with <paramref name="errno"/>.</summary>
    public static VirException SystemError(ErrorDomain domain, int errno, string text)
    {
        string message = $"{text}: {Marshal.GetPInvokeErrorMessage(errno)}";
        return new(ErrorCode.SystemError, domain, message, "%s", message, null, errno);
    }
}
