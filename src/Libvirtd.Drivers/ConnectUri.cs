using Libvirtd.Protocol;

namespace Libvirtd.Drivers;

/// <summary>A connection URI as RFC 3986 cuts it, which <see cref="Uri"/> would normalise: drivers see the parts as the client wrote them.</summary>
/// <param name="Scheme">The scheme without transport, such as <c>test</c>; empty where there is none.</param>
/// <param name="Server">The host; null where there is no <c>//</c>.</param>
/// <param name="Path">The path with its escapes resolved, such as <c>/default</c>; may be empty.</param>
/// <param name="Query">The query without its question mark, as it came; null where there is none.</param>
public sealed record ConnectUri(string Scheme, string? Server, string Path, string? Query)
{
    /// <summary>The query's parameters with their escapes resolved, in order.</summary>
    public IEnumerable<KeyValuePair<string, string>> Parameters
    {
        get
        {
            foreach (string part in (Query ?? "").Split(['&', ';'], StringSplitOptions.RemoveEmptyEntries))
            {
                int equals = part.IndexOf('=', StringComparison.Ordinal);
                string name = equals < 0 ? part : part[..equals];
                yield return new(System.Uri.UnescapeDataString(name), equals < 0 ? "" : System.Uri.UnescapeDataString(part[(equals + 1)..]));
            }
        }
    }

    /// <summary>Cuts a URI.</summary>
    /// <exception cref="VirException">It is none.</exception>
    public static ConnectUri Parse(string text)
    {
        foreach (char c in text)
        {
            if (c is <= ' ' or '"' or '<' or '>' or '\\' or '^' or '`' or '{' or '|' or '}' or >= (char)127)
                throw VirException.Internal(ErrorDomain.Uri, $"Unable to parse URI {text}");
        }
        string rest = text;
        int hash = rest.IndexOf('#', StringComparison.Ordinal);
        if (hash >= 0)
            rest = rest[..hash];
        string? query = null;
        int question = rest.IndexOf('?', StringComparison.Ordinal);
        if (question >= 0)
        {
            query = rest[(question + 1)..];
            rest = rest[..question];
        }
        string scheme = "";
        int colon = rest.IndexOf(':', StringComparison.Ordinal);
        int slash = rest.IndexOf('/', StringComparison.Ordinal);
        if (colon >= 0 && (slash < 0 || colon < slash))
        {
            scheme = rest[..colon];
            rest = rest[(colon + 1)..];
            if (scheme.Length == 0 || !char.IsAsciiLetter(scheme[0]) || !scheme.All(c => char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.'))
                throw VirException.Internal(ErrorDomain.Uri, $"Unable to parse URI {text}");
        }
        string? server = null;
        if (rest.StartsWith("//", StringComparison.Ordinal))
        {
            int end = rest.IndexOf('/', 2);
            server = end < 0 ? rest[2..] : rest[2..end];
            rest = end < 0 ? "" : rest[end..];
        }
        return new ConnectUri(scheme, server, System.Uri.UnescapeDataString(rest), query);
    }
}
