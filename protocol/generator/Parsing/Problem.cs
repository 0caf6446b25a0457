namespace Libvirtd.Protocol.Generator.Parsing;

/// <summary>Something wrong in an .x file; reported as a compiler diagnostic.</summary>
/// <param name="Id">The diagnostic's number, such as LVX001.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Path">The file.</param>
/// <param name="Line">The line, from 0.</param>
/// <param name="Column">The column, from 0.</param>
public sealed record Problem(string Id, string Message, string Path, int Line, int Column);

/// <summary>Stops the parsing of a file at its first syntax error.</summary>
public sealed class SyntaxErrorException(string message, int line, int column) : System.Exception(message)
{
    /// <summary>The line, from 0.</summary>
    public int Line => line;

    /// <summary>The column, from 0.</summary>
    public int Column => column;
}
