using Libvirtd.Documents;

namespace Libvirtd.Drivers.Test;

/// <summary>CPU maps as calls carry them: a bit for each CPU, the lowest bit of the first byte first.</summary>
internal static class CpuMaps
{
    public static byte[] AllOf(int cpus)
    {
        byte[] map = new byte[(cpus + 7) / 8];
        for (int cpu = 0; cpu < cpus; cpu++)
            map[cpu / 8] |= (byte)(1 << (cpu % 8));
        return map;
    }

    /// <summary>The map of a text such as <c>0-3,7</c>; null where there is none.</summary>
    public static byte[]? Parse(string? text)
    {
        if (text is null || !NumberSet.TryParse(text, out NumberSet? set))
            return null;
        int last = set.Last;
        byte[] map = new byte[last / 8 + 1];
        for (int cpu = 0; cpu <= last; cpu++)
        {
            if (set.Contains(cpu))
                map[cpu / 8] |= (byte)(1 << (cpu % 8));
        }

        return map;
    }

    /// <summary>The text of a map: <c>0-3,7</c>.</summary>
    public static string Text(ReadOnlySpan<byte> map)
    {
        List<string> ranges = [];
        int cpus = map.Length * 8;
        for (int first = 0; first < cpus; first++)
        {
            if (!Has(map, first))
                continue;
            int last = first;
            while (Has(map, last + 1))
                last++;
            ranges.Add(first == last ? $"{first}" : $"{first}-{last}");
            first = last;
        }

        return string.Join(',', ranges);
    }

    /// <summary>The highest CPU of a map; -1 for an empty one.</summary>
    public static int Last(ReadOnlySpan<byte> map)
    {
        for (int cpu = map.Length * 8 - 1; cpu >= 0; cpu--)
        {
            if (Has(map, cpu))
                return cpu;
        }

        return -1;
    }

    /// <summary>Copies what fits.</summary>
    public static void Put(ReadOnlySpan<byte> map, Span<byte> target) => map[..Math.Min(map.Length, target.Length)].CopyTo(target);

    private static bool Has(ReadOnlySpan<byte> map, int cpu) => cpu / 8 < map.Length && (map[cpu / 8] & (1 << (cpu % 8))) != 0;
}
