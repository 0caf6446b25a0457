using System;
using System.Collections.Generic;

namespace Libvirtd.Protocol.Generator.Parsing;

/// <summary>Reads the <c>@tag: value</c> lines of a doc comment, as libvirt's own files write them.</summary>
internal static class Annotations
{
    public static IReadOnlyList<Annotation> Read(string? comment)
    {
        List<Annotation> found = new();
        if (comment is null || !comment.StartsWith("/**", StringComparison.Ordinal))
            return found;
        foreach (string raw in comment.Split('\n'))
        {
            string line = raw.Trim().TrimStart('/', '*').Trim();
            if (line.EndsWith("*/", StringComparison.Ordinal))
                line = line.Substring(0, line.Length - 2).Trim();
            if (!line.StartsWith("@", StringComparison.Ordinal))
                continue;
            int colon = line.IndexOf(':');
            string tag = (colon < 0 ? line : line.Substring(0, colon)).Substring(1).Trim();
            found.Add(new Annotation(tag, colon < 0 ? "" : line.Substring(colon + 1).Trim()));
        }
        return found;
    }
}
