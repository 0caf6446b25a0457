using System.Globalization;
using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>
/// Finds an image of a chain by the names that calls use: its path, <c>vda[3]</c>, or a name relative to the folder of the image above it.
/// </summary>
public static class DiskChainLookup
{
    /// <summary>The place of the image that <paramref name="name"/> means.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="name">The name; null means the base.</param>
    /// <param name="target">The disk's target, such as vda.</param>
    /// <param name="beneath">Only images below this one count; -1 for the whole chain.</param>
    /// <exception cref="VirException">VIR_ERR_INVALID_ARG: there is none, or the index is that of another disk.</exception>
    public static int Lookup(this DiskChain chain, string? name, string target, int beneath = -1)
    {
        uint index = 0;
        if (name is not null && TryParse(name, out string named, out index) && index != 0 && named != target)
            throw Bad($"requested target '{named}' does not match target '{target}'");
        int found = name is null ? (chain.Count - 1 > beneath ? chain.Count - 1 : -1)
            : index != 0 ? FindIndex(chain, index, beneath + 1)
            : FindName(chain, name, beneath + 1);
        if (found >= 0)
            return found;
        throw Bad(index != 0 ? $"could not find backing store index '{index}' in chain for '{target}'"
            : name is null ? $"could not find base image in chain for '{target}'"
            : beneath >= 0 ? $"could not find image '{name}' beneath '{chain.Images[beneath].Path}' in chain for '{target}'"
            : $"could not find image '{name}' in chain for '{target}'");
    }

    /// <summary>Splits <c>vda[3]</c>; what has no brackets is a target with the index 0.</summary>
    public static bool TryParse(string text, out string target, out uint index)
    {
        index = 0;
        int bracket = text.IndexOf('[', StringComparison.Ordinal);
        target = bracket < 0 ? text : text[..bracket];
        return bracket < 0 || (text.EndsWith(']')
            && uint.TryParse(text.AsSpan(bracket + 1, text.Length - bracket - 2), NumberStyles.None, CultureInfo.InvariantCulture, out index));
    }

    /// <summary>A disk that does not run has no numbers: there its images count from the active one, which is 0.</summary>
    private static int FindIndex(DiskChain chain, uint index, int from)
    {
        bool isNumbered = chain.LastIndex > 0;
        for (int i = from; i < chain.Count; i++)
        {
            if ((isNumbered ? chain.Images[i].Index : (uint)i) == index)
                return i;
        }

        return -1;
    }

    private static int FindName(DiskChain chain, string name, int from)
    {
        bool mayBeRelative = !IsProtocol(name) && !name.StartsWith('/') && name.Length > 0;
        for (int i = from; i < chain.Count; i++)
        {
            ChainImage image = chain.Images[i];
            if (image.Path == name || image.RelativeName == name)
                return i;
            if (!image.IsLocal || image.Path is not { } path)
                continue;
            // Upstream looks beside the image above; for the active one, which has none, its own folder is what can be meant.
            string above = i > 0 && chain.Images[i - 1] is { IsLocal: true, Path: { } parent } ? parent : path;
            if (mayBeRelative ? ImagePath.Resolve(above, name) == path : name.StartsWith('/') && ImagePath.Clean(name) == ImagePath.Clean(path))
                return i;
        }

        return -1;
    }

    /// <summary>What begins like nbd: or rbd: is no file.</summary>
    private static bool IsProtocol(string name)
    {
        int colon = name.IndexOf(':', StringComparison.Ordinal);
        int slash = name.IndexOf('/', StringComparison.Ordinal);
        return colon >= 0 && (slash < 0 || colon < slash);
    }

    private static VirException Bad(string detail) => VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Storage, detail);
}
