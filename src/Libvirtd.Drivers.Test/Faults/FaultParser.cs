using System.Globalization;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Reads what a fault is to be: of a command's arguments, or of a URI's option.</summary>
internal static class FaultParser
{
    private const int LongestText = 4096;

    /// <summary>Reads <c>fault=virDomainCreate,error=NO_MEMORY,count=2</c>: the function, then what the command calls its arguments.</summary>
    public static FaultRule Parse(string option) => Parse(CommandArguments.Of(option.Split(','), "call"));

    /// <summary>Reads a rule of arguments, all of which must have to do with it.</summary>
    /// <param name="arguments">The arguments.</param>
    /// <param name="usual">What the rule does where they do not say: "error", or "drop".</param>
    /// <exception cref="MonitorException">They make no sense.</exception>
    public static FaultRule Parse(CommandArguments arguments, string usual = "error")
    {
        string call = arguments.Take("value") ?? arguments.Require("call");
        RequireCall(call);
        long bytes = arguments.TakeNumber("bytes", -1, 0, long.MaxValue);
        string? code = arguments.Take("error");
        string? message = arguments.Take("message");
        TimeSpan time = arguments.TakeTime("time") ?? default;
        if (code is null && message is null && usual == "error" && time > TimeSpan.Zero)
            usual = "delay";
        string word = arguments.TakeWord("action", usual, "error", "delay", "hang", "drop");
        FaultAction action = word switch { "delay" => FaultAction.Delay, "hang" => FaultAction.Hang, "drop" => FaultAction.Drop, _ => FaultAction.Error };
        bool isAfter = arguments.TakeWord("when", "before", "before", "after") == "after";
        FaultRule rule = new()
        {
            Call = call,
            Action = action,
            Error = action == FaultAction.Error ? MakeError(code, message, isStream: bytes >= 0) : null,
            Time = time,
            IsAfter = isAfter,
            Bytes = bytes < 0 ? null : bytes,
            Chance = arguments.TakeFraction("chance", 1, 1),
            Skip = arguments.TakeNumber("skip", 0, 0, int.MaxValue),
            Remaining = arguments.TakeNumber("count", 1, 0, int.MaxValue),
        };
        arguments.End();
        if (action != FaultAction.Error && (code ?? message) is not null)
            throw new MonitorException($"'{word}' has no error");
        if (action == FaultAction.Delay && time == default)
            throw new MonitorException("Parameter 'time' is missing");
        if (isAfter && (action is FaultAction.Delay or FaultAction.Hang || bytes >= 0))
            throw new MonitorException("'after' is for errors and ends of connections that no stream brings about");
        return rule;
    }

    private static void RequireCall(string call)
    {
        foreach (ProcedureInfo procedure in RemoteProgram.Procedures)
        {
            if (!procedure.IsEvent && (procedure.Api == call || (call.EndsWith('*') && procedure.Api.StartsWith(call[..^1], StringComparison.Ordinal))))
                return;
        }

        throw CommandArguments.Bad("call", call, "a public function such as virDomainCreate, or the beginning of some with a star");
    }

    private static VirException MakeError(string? code, string? message, bool isStream)
    {
        if (message?.Length > LongestText)
            throw new MonitorException($"Parameter 'message' is longer than {LongestText}");
        if (isStream && code is null && message is null)
            return VirException.Of(ErrorCode.Rpc, ErrorDomain.Streams, "stream had unexpected termination");
        return VirException.Of(code is null ? ErrorCode.OperationFailed : ParseCode(code), isStream ? ErrorDomain.Streams : ErrorDomain.Test,
            message ?? "a fault was injected");
    }

    /// <summary>A number, or a name as C has it: <c>VIR_ERR_NO_DOMAIN</c>, with or without what all have in common.</summary>
    private static ErrorCode ParseCode(string code)
    {
        string name = (code.StartsWith("VIR_ERR_", StringComparison.OrdinalIgnoreCase) ? code["VIR_ERR_".Length..] : code).Replace("_", "", StringComparison.Ordinal);
        bool isNumber = int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number);
        foreach (ErrorCode known in Enum.GetValues<ErrorCode>())
        {
            if (known != ErrorCode.Ok && (isNumber ? (int)known == number : string.Equals(known.ToString(), name, StringComparison.OrdinalIgnoreCase)))
                return known;
        }

        throw CommandArguments.Bad("error", code, "an error code such as OPERATION_FAILED");
    }
}
