namespace Libvirtd.Documents;

/// <summary>Names of disks as the guest sees them: vda, vdb ... vdz, vdaa.</summary>
public static class DiskName
{
    private static readonly string[] s_prefixes = ["fd", "hd", "vd", "sd", "xvd", "ubd"];

    /// <summary>The number of a disk: 0 for vda, 26 for vdaa; a partition's number after it is ignored. -1 for a name that is none.</summary>
    public static int ToIndex(string? name)
    {
        if (name is null)
            return -1;
        foreach (string prefix in s_prefixes)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal))
                return Parse(name.AsSpan(prefix.Length));
        }

        return -1;
    }

    private static int Parse(ReadOnlySpan<char> letters)
    {
        long index = 0;
        int count = 0;
        while (count < letters.Length && char.IsAsciiLetterLower(letters[count]))
        {
            index = (index + (count == 0 ? 0 : 1)) * 26 + (letters[count] - 'a');
            if (++count > 6)
                return -1;
        }

        ReadOnlySpan<char> partition = letters[count..];
        return count == 0 || partition.IndexOfAnyExceptInRange('0', '9') >= 0 || partition is ['0', _, ..] || index > int.MaxValue ? -1 : (int)index;
    }
}
