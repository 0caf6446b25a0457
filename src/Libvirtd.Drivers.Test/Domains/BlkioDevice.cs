using System.Globalization;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>A device of the host and a limit for it, as they stand in a parameter: <c>/dev/sda,300,/dev/sdb,200</c>.</summary>
internal readonly record struct BlkioDevice(string Path, ulong Value)
{
    /// <summary>Reads a parameter.</summary>
    /// <returns>The error where it cannot be read, else null.</returns>
    public static VirException? Parse(string field, string text, out List<BlkioDevice> devices)
    {
        devices = [];
        if (text.Length == 0)
            return null;
        string[] parts = text.Split(',');
        if (parts.Length % 2 != 0)
            return Bad($"unable to parse blkio device '{field}' '{text}'");
        ulong most = field.EndsWith("bytes_sec", StringComparison.Ordinal) ? ulong.MaxValue : uint.MaxValue;
        for (int i = 0; i < parts.Length; i += 2)
        {
            ReadOnlySpan<char> number = parts[i + 1].AsSpan().TrimStart();
            if (number is ['+', ..])
                number = number[1..];
            int digits = number.IndexOfAnyExceptInRange('0', '9');
            digits = digits < 0 ? number.Length : digits;
            if (!ulong.TryParse(number[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) || value > most)
            {
                string rest = string.Join(',', parts.AsSpan(i + 1).ToArray());
                return Bad($"invalid value '{rest}' for parameter '{field}' of device '{parts[i]}'");
            }

            if (digits < number.Length)
                return Bad($"unable to parse blkio device '{field}' '{text}'");
            devices.Add(new BlkioDevice(parts[i], value));
        }

        return null;
    }

    private static VirException Bad(string detail) => VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Domain, detail);
}
