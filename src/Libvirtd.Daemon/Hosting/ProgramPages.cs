using System.Globalization;
using Libvirtd.Daemon.Interop;

namespace Libvirtd.Daemon.Hosting;

/// <summary>
/// Pages of the program's file that the process has touched. Much of them only the start needs, or a burst: given back, what is needed again is
/// found in the system's cache at the cost of a page fault. The program itself is never unmapped, so no other mapping can take its place meanwhile.
/// </summary>
internal static class ProgramPages
{
    /// <summary>Less than this, in KiB, is left as it is.</summary>
    private const long WorthwhileKiB = 256;

    private const string Map = "/proc/self/smaps";

    /// <summary>Gives back what was never changed. Without the kernel's list of mappings it does nothing.</summary>
    public static void Release()
    {
        try
        {
            if (Environment.ProcessPath is { } program)
                ReleaseAll(File.ReadLines(Map), program);
        }
        catch (IOException)
        {
            // No list, nothing to give back.
        }
        catch (UnauthorizedAccessException)
        {
            // As above.
        }
    }

    /// <summary>The mappings that can be given back: of the program, not writable, and without a page that differs from the file's.</summary>
    internal static IEnumerable<(ulong Start, ulong Length)> Find(IEnumerable<string> lines, string program)
    {
        (ulong Start, ulong End) mapping = default;
        long resident = 0;
        foreach (string line in lines)
        {
            int word = line.IndexOf(' ', StringComparison.Ordinal);
            if (word > 0 && line[word - 1] != ':')
                mapping = ReadOfProgram(line, word, program);
            else if (line.StartsWith("Rss:", StringComparison.Ordinal))
                resident = ReadKiB(line);
            else if (line.StartsWith("Anonymous:", StringComparison.Ordinal) && mapping.End > 0 && resident >= WorthwhileKiB && ReadKiB(line) == 0)
                yield return (mapping.Start, mapping.End - mapping.Start);
        }
    }

    private static void ReleaseAll(IEnumerable<string> lines, string program)
    {
        foreach ((ulong start, ulong length) in Find(lines, program))
            Libc.DropPages(start, length);
    }

    /// <summary>A line such as <c>55d0-55e0 r-xp 0001d000 fe:00 5390532 /usr/sbin/libvirtd-net</c>; zeros where it is not of that kind.</summary>
    private static (ulong Start, ulong End) ReadOfProgram(string line, int word, string program)
    {
        ReadOnlySpan<char> range = line.AsSpan(0, word);
        ReadOnlySpan<char> rest = line.AsSpan(word + 1);
        int dash = range.IndexOf('-');
        bool isOfProgram = dash > 0 && (rest.StartsWith("r-xp ", StringComparison.Ordinal) || rest.StartsWith("r--p ", StringComparison.Ordinal))
            && rest.EndsWith(program, StringComparison.Ordinal) && rest[^(program.Length + 1)] == ' ';
        return isOfProgram && ulong.TryParse(range[..dash], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong start)
            && ulong.TryParse(range[(dash + 1)..], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong end)
            ? (start, end)
            : default;
    }

    /// <summary>A line such as <c>Rss:      1048 kB</c>; -1 for another.</summary>
    private static long ReadKiB(string line)
    {
        ReadOnlySpan<char> value = line.AsSpan(line.IndexOf(':', StringComparison.Ordinal) + 1).Trim();
        int space = value.IndexOf(' ');
        return space > 0 && long.TryParse(value[..space], NumberStyles.None, CultureInfo.InvariantCulture, out long result) ? result : -1;
    }
}
