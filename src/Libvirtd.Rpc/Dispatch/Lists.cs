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
}
