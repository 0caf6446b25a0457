using Libvirtd.Protocol;

namespace Libvirtd.Rpc.Dispatch;

/// <summary>What becomes of a driver's whole list before it goes out.</summary>
internal static class Lists
{
    /// <summary>The whole list, or nothing when the caller only wants the count.</summary>
    public static T[] Wanted<T>(ServerCall call, T[] list, int limit, string name)
    {
        if (list.Length > limit)
            throw RpcErrors.Internal($"Too many {name} '{list.Length}' for limit '{limit}'");
        return call.Count != 0 ? list : [];
    }

    /// <summary>As many as the caller takes.</summary>
    public static T[] UpTo<T>(ServerCall call, T[] list) => list.Length <= call.Count ? list : list[..call.Count];

    /// <summary>As many parameters as the caller takes; none when it asks how many there are.</summary>
    public static T[] Parameters<T>(ServerCall call, T[] list) => call.Count < 0 || list.Length <= call.Count ? list : list[..call.Count];

    /// <summary>Without the parameters that are strings, for a client that does not take them.</summary>
    public static TypedParam[] Strings(ServerCall call, TypedParam[] list) =>
        call.TakesStrings || !Array.Exists(list, param => param.Type == TypedParameterType.String)
            ? list
            : Array.FindAll(list, param => param.Type != TypedParameterType.String);

    /// <summary>Rows of CPU statistics; where strings are left out, rows are shorter by them.</summary>
    /// <exception cref="VirException">Parameters were asked for and there are none: stock clients divide by their number.</exception>
    public static DomainGetCpuStatsRet CpuStats(ServerCall call, DomainGetCpuStatsRet stats)
    {
        TypedParam[] kept = Strings(call, stats.Params);
        int rows = stats.Nparams > 0 ? stats.Params.Length / stats.Nparams : 0;
        int length = rows > 0 ? kept.Length / rows : stats.Nparams;
        if (call.Count > 0 && (length <= 0 || length > call.Count || kept.Length % length != 0))
            throw RpcErrors.Internal("the driver's CPU statistics have no rows of equal length");
        return stats with { Params = kept, Nparams = length };
    }
}
