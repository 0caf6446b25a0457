using System.Xml;
using System.Xml.Linq;
using Libvirtd.Protocol;

namespace Libvirtd.Documents.Tests;

/// <summary>Documents of every kind that there is, to be changed, and how each kind is read and printed.</summary>
internal sealed class DocumentKinds
{
    private const string Domain = "<domain type='test'><name>a</name><memory>1048576</memory><os><type>hvm</type></os></domain>";

    private static readonly (string Kind, string Xml)[] s_more =
    [
        ("secret", "<secret ephemeral='no' private='yes'><uuid>0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f</uuid><description>d</description><usage type='volume'><volume>/v</volume></usage></secret>"),
        ("secret", "<secret><usage type='ceph'><name>c</name></usage></secret>"),
        ("nwfilter", "<filter name='f' chain='ipv4' priority='-700'><uuid>fce8ae33-e69e-83bf-262e-30786c1f8072</uuid><filterref filter='g'><parameter name='IP' value='1.2.3.4'/></filterref>"
            + "<rule action='accept' direction='in' priority='500' statematch='false'><ip match='no' srcipaddr='$IP' dstportstart='67' dstportend='68' protocol='udp'/></rule>"
            + "<rule action='drop' direction='inout'><mac srcmacaddr='$MAC' protocolid='0x0806'/></rule><rule action='return' direction='out'><tcp state='NEW' dscp='5' flags='SYN/ALL' ipset='s src,dst'/></rule></filter>"),
        ("nwfilterbinding", "<filterbinding><owner><name>o</name><uuid>fce8ae33-e69e-83bf-262e-30786c1f8072</uuid></owner><portdev name='tap0'/><mac address='52:54:00:00:00:01'/><filterref filter='f'><parameter name='A' value='b'/></filterref></filterbinding>"),
        ("networkport", "<networkport><uuid>fce8ae33-e69e-83bf-262e-30786c1f8072</uuid><owner><name>o</name><uuid>fce8ae33-e69e-83bf-262e-30786c1f8073</uuid></owner><group>g</group><mac address='52:54:00:00:00:01'/><rxfilters trustGuest='yes'/><port isolated='yes'/><plug type='bridge' bridge='b'/></networkport>"),
        ("backup", "<domainbackup mode='pull'><incremental>c</incremental><server transport='unix' socket='/s'/><disks><disk name='vda' backup='yes' type='file' exportname='e'><driver type='qcow2'/><scratch file='/x'/></disk><disk name='vdb' backup='no'/></disks></domainbackup>"),
        ("cpu", "<cpu match='exact'><arch>x86_64</arch><model fallback='allow'>Penryn</model><vendor>Intel</vendor><topology sockets='1' cores='2' threads='1'/><feature policy='require' name='vmx'/></cpu>"),
        ("nodedev", "<device><name>scsi_host1</name><parent>computer</parent><capability type='scsi_host'><host>1</host><capability type='fc_host'><wwnn>2000000012341234</wwnn><wwpn>1000000012341234</wwpn></capability></capability></device>"),
        ("nodedev", "<device><name>pci_0000_00_1c_0</name><capability type='pci'><domain>0</domain><bus>0</bus><slot>28</slot><function>0</function><product id='0x1'>p</product><vendor id='0x8086'>v</vendor><iommuGroup number='5'><address domain='0' bus='0' slot='28' function='0'/></iommuGroup></capability></device>"),
    ];

    /// <summary>Each document's tree, and its kind.</summary>
    public Dictionary<XElement, string> Corpus { get; } = [];

    public DocumentKinds()
    {
        foreach (string kind in Golden.Kinds)
        {
            foreach (string name in Golden.Names(kind))
                Add(kind, Golden.Input(kind, name));
        }

        foreach ((string kind, string xml) in s_more)
            Add(kind, xml);
        foreach (string path in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Seeds"), "*.xml").Order(StringComparer.Ordinal))
        {
            foreach (XElement seed in XDocument.Load(path).Root!.Elements())
                AddSeed(seed);
        }
    }

    /// <summary>The text that a document of a kind is printed as; an error is a <see cref="VirException"/>.</summary>
    public static string Print(string kind, string xml) => kind switch
    {
        "device" => PrintDevice(xml),
        "nodedev" => NodeDeviceDocument.Parse(xml).Format(),
        "secret" => SecretDocument.Parse(xml).Format(),
        "nwfilter" => NWFilterDocument.Parse(xml).Format(),
        "nwfilterbinding" => NWFilterBindingDocument.Parse(xml).Format(),
        "networkport" => NetworkPortDocument.Parse(xml).Format(),
        "backup" => BackupDocument.Parse(xml).Format(),
        "cpu" => CpuDocument.Parse(xml).Format(),
        _ => Golden.Print(kind, xml),
    };

    private static string PrintDevice(string xml)
    {
        DomainParseOptions options = Golden.DomainOptions();
        Node device = DomainDocument.ParseDevice(xml, options);
        DomainDocument domain = DomainDocument.Parse(Domain, options).WithDevice(device, options);
        // What stands alone is the device as the domain has it now.
        Node? made = domain.Devices.LastOrDefault(one => one.Name == device.Name);
        string text = made is null ? "" : DocumentWriter.Write(made, FormatFlags.Secure | FormatFlags.Inactive);
        return text.Length > 0 ? text : $"<{device.Name}/>\n";
    }

    private void AddSeed(XElement seed)
    {
        string name = seed.Name.LocalName;
        switch (name)
        {
            case "domain" or "network" or "pool" or "volume":
                Corpus.Add(new XElement(seed), name);
                break;
            case "domainsnapshot" or "domaincheckpoint":
                Corpus.Add(new XElement(seed), name["domain".Length..]);
                break;
            case "interface" when seed.Attribute("name") is not null:
                Corpus.Add(new XElement(seed), name);
                break;
            case "device":
                Corpus.Add(new XElement(seed), "nodedev");
                break;
            default:
                XElement domain = XElement.Parse(Domain);
                if (DomainSchema.Devices.FindChild(name) is not null)
                {
                    domain.Add(new XElement("devices", new XElement(seed)));
                    Corpus.Add(new XElement(seed), "device");
                }
                else
                {
                    domain.Elements(name).Remove();
                    domain.Add(new XElement(seed));
                }

                Corpus.Add(domain, "domain");
                break;
        }
    }

    private void Add(string kind, string xml)
    {
        try
        {
            Corpus.Add(XElement.Parse(xml), kind);
        }
        catch (XmlException)
        {
            // A golden error's text that is no XML: the mutator makes others like it.
        }
    }
}
