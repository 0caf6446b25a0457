using System.Globalization;

namespace Libvirtd.Drivers.Test;

/// <summary>Spans of time as testers write them: <c>250ms</c>, <c>2s</c>, <c>1.5m</c>, <c>1h</c>, <c>2d</c>; a number alone is seconds.</summary>
internal static class Duration
{
    /// <summary>The longest: 366 days.</summary>
    public static TimeSpan Most => VirtualClock.MostAdvance;

    /// <summary>Reads one.</summary>
    /// <returns>False where it is none, is negative, or is longer than <see cref="Most"/>.</returns>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        int digits = text.Length;
        while (digits > 0 && char.IsAsciiLetter(text[digits - 1]))
            digits--;
        double? unit = text[digits..] switch
        {
            "ms" => TimeSpan.TicksPerMillisecond,
            "" or "s" => TimeSpan.TicksPerSecond,
            "m" or "min" => TimeSpan.TicksPerMinute,
            "h" => TimeSpan.TicksPerHour,
            "d" => TimeSpan.TicksPerDay,
            _ => null,
        };
        if (unit is null || !double.TryParse(text.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double count))
            return false;
        double ticks = Math.Round(count * unit.Value);
        if (!(ticks <= Most.Ticks))
            return false;
        duration = TimeSpan.FromTicks((long)ticks);
        return true;
    }
}
