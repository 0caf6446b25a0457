using System.Text;

namespace Libvirtd.Drivers.Test;

/// <summary>The capabilities document of a host: a 32-bit machine whose cells and CPUs are the node's.</summary>
internal static class CapabilitiesText
{
    // The page sizes in KiB that the machine knows; the second cell has 8 KiB pages where the others have 4 KiB.
    private static readonly int[] s_pages = [4, 8, 2048, 1048576];

    public static string Of(TestNode node)
    {
        StringBuilder text = new(4096);
        text.Append("<capabilities>\n\n  <host>\n    <cpu>\n      <arch>i686</arch>\n      <features>\n        <pae/>\n        <nonpae/>\n      </features>\n");
        foreach (int size in s_pages)
            text.Append($"      <pages unit='KiB' size='{size}'/>\n");
        text.Append("    </cpu>\n    <power_management/>\n    <iommu support='no'/>\n    <topology>\n");
        text.Append($"      <cells num='{node.Cells.Count}'>\n");
        foreach (TestCell cell in node.Cells)
            AppendCell(text, cell);
        text.Append("      </cells>\n    </topology>\n    <secmodel>\n      <model>testSecurity</model>\n      <doi></doi>\n    </secmodel>\n  </host>\n\n");
        AppendGuest(text, "hvm");
        AppendGuest(text, "xen");
        text.Append("</capabilities>\n");
        return text.ToString();
    }

    private static void AppendCell(StringBuilder text, TestCell cell)
    {
        int small = cell.Id == 1 ? s_pages[1] : s_pages[0];
        text.Append($"        <cell id='{cell.Id}'>\n          <memory unit='KiB'>{cell.Memory}</memory>\n");
        text.Append($"          <pages unit='KiB' size='{small}'>{cell.Memory / (ulong)small}</pages>\n");
        text.Append($"          <pages unit='KiB' size='{s_pages[2]}'>0</pages>\n          <pages unit='KiB' size='{s_pages[3]}'>0</pages>\n");
        text.Append($"          <cpus num='{cell.Cpus}'>\n");
        for (int core = 0; core < cell.Cpus; core++)
        {
            int cpu = cell.Id * cell.Cpus + core;
            text.Append($"            <cpu id='{cpu}' socket_id='{cell.Id}' die_id='0' core_id='{core}' siblings='{cpu}'/>\n");
        }

        text.Append("          </cpus>\n        </cell>\n");
    }

    private static void AppendGuest(StringBuilder text, string osType) => text.Append(
        $"""
          <guest>
            <os_type>{osType}</os_type>
            <arch name='i686'>
              <wordsize>32</wordsize>
              <emulator>/usr/bin/test-hv</emulator>
              <domain type='test'/>
            </arch>
            <features>
              <pae/>
              <nonpae/>
            </features>
          </guest>


        """);
}
