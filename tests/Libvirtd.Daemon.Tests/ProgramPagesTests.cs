using Libvirtd.Daemon.Hosting;

namespace Libvirtd.Daemon.Tests;

public sealed class ProgramPagesTests
{
    [Fact]
    public void Only_unchanged_pages_of_the_program_are_given_back()
    {
        string map = string.Concat(
            Mapping("1000-3000 r-xp 0001d000 fe:00 53 /usr/sbin/program", resident: 900, changed: 0),
            Mapping("4000-6000 r--p 0001d000 fe:00 53 /usr/sbin/program", resident: 900, changed: 4),
            Mapping("7000-8000 rw-p 0001d000 fe:00 53 /usr/sbin/program", resident: 900, changed: 0),
            Mapping("9000-a000 r-xp 00000000 00:00 0", resident: 900, changed: 0),
            Mapping("b000-c000 r-xs 00000000 00:01 7 /memfd:code (deleted)", resident: 900, changed: 0),
            Mapping("d000-e000 r--p 00000000 fe:00 53 /usr/sbin/program", resident: 100, changed: 0),
            Mapping("e000-f000 r-xp 00000000 fe:00 54 /usr/lib/library.so", resident: 900, changed: 0),
            Mapping("e800-f000 r-xp 00000000 fe:00 54 /old/usr/sbin/program", resident: 900, changed: 0),
            Mapping("f000-ffff r--p 00000000 fe:00 53 /usr/sbin/program", resident: 256, changed: 0));
        Assert.Equal([(0x1000ul, 0x2000ul), (0xf000ul, 0xffful)], ProgramPages.Find(map.Split('\n'), "/usr/sbin/program"));
    }

    [Fact]
    public void The_process_goes_on_without_its_pages()
    {
        ProgramPages.Release();
        Assert.Equal(4, Enumerable.Range(0, 4).Select(static i => i.ToString("x", System.Globalization.CultureInfo.InvariantCulture)).Distinct().Count());
    }

    private static string Mapping(string head, int resident, int changed) =>
        $"{head}\nSize:   8 kB\nRss:    {resident} kB\nPss:    1 kB\nAnonymous:      {changed} kB\nVmFlags: rd mr mw me sd\n";
}
