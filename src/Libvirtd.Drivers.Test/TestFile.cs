using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// The document that describes a test host: a <c>&lt;node&gt;</c> with the machine's figures and, one after the other, the documents of its
/// objects. Any of these may stand in a file of its own, which a <c>file</c> attribute names.
/// </summary>
internal sealed class TestFile
{
    private const long MostCharacters = 64 * 1024 * 1024;

    private readonly XElement _root;
    private readonly string? _path;

    private TestFile(XElement root, string? path)
    {
        _root = root;
        _path = path;
    }

    /// <summary>The file is not one of ours: the machine is the default's, with its cells.</summary>
    private bool IsDefault => _path is null;

    /// <summary>The document of <c>test:///default</c>.</summary>
    public static TestFile Default()
    {
        using Stream stream = typeof(TestFile).Assembly.GetManifestResourceStream("default.xml")!;
        return new TestFile(XElement.Load(stream), null);
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="VirException">There is none, or it is no such document.</exception>
    public static TestFile Read(string path)
    {
        XElement root = ReadRoot(path);
        return root.Name == "node" ? new TestFile(root, path) : throw WrongRoot("node", root);
    }

    /// <summary>The figures of the machine. What the file does not say is as in the default.</summary>
    public TestNode ReadNode()
    {
        TestNode node = IsDefault ? TestNode.Default : new TestNode();
        XElement? cpu = _root.Element("cpu");
        node = node with
        {
            Nodes = Figure(cpu, "nodes", "cpu nodes") ?? node.Nodes,
            Sockets = Figure(cpu, "sockets", "cpu sockets") ?? node.Sockets,
            Cores = Figure(cpu, "cores", "cpu cores") ?? node.Cores,
            Threads = Figure(cpu, "threads", "cpu threads") ?? node.Threads,
            Mhz = Figure(cpu, "mhz", "cpu mhz") ?? node.Mhz,
            Model = cpu?.Element("model")?.Value is { Length: > 0 } model ? model : node.Model,
        };
        if (Encoding.UTF8.GetByteCount(node.Model) > 31)
            throw VirException.Internal(ErrorDomain.Test, $"Model {node.Model} too big for destination");
        int cpus = node.MaxCpus;
        if (Figure(cpu, "active", "cpu active") is { } active && active < cpus)
            cpus = active;
        ulong memory = node.Memory;
        if (_root.Element("memory")?.Value.Trim() is { } text && !ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out memory))
            throw BadFigure("memory");
        return node with { Cpus = cpus, Memory = memory };
    }

    /// <summary>The documents of one kind of object: <c>domain</c>, <c>network</c>, <c>interface</c>, <c>pool</c>, <c>device</c>.</summary>
    public IEnumerable<XElement> Sections(string name)
    {
        foreach (XElement section in _root.Elements(name))
            yield return Resolve(section);
    }

    /// <summary>The element itself, or the root of the file that it names.</summary>
    public XElement Resolve(XElement element)
    {
        if (element.Attribute("file")?.Value is not { } file)
            return element;
        string folder = Path.GetDirectoryName(_path) ?? "";
        XElement root = ReadRoot(Path.IsPathRooted(file) ? file : Path.Combine(folder, file));
        return root.Name.LocalName == element.Name.LocalName ? root : throw WrongRoot(element.Name.LocalName, root);
    }

    /// <summary>An element's text, as a document of its own.</summary>
    public static string TextOf(XElement element) => element.ToString(SaveOptions.DisableFormatting);

    private static XElement ReadRoot(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw VirException.Of(ErrorCode.XmlError, ErrorDomain.Xml, $"failed to parse xml document '{path}'");
        }

        try
        {
            XmlReaderSettings settings = new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = MostCharacters };
            using XmlReader reader = XmlReader.Create(new StringReader(text), settings);
            return XElement.Load(reader, LoadOptions.PreserveWhitespace);
        }
        catch (XmlException)
        {
            // The documents know how libvirt words each fault of the syntax.
            DomainDocument.Parse(text, new DomainParseOptions { Url = path, ErrorDomain = ErrorDomain.Xml });
            throw VirException.Of(ErrorCode.XmlError, ErrorDomain.Xml, $"failed to parse xml document '{path}'");
        }
    }

    private static VirException WrongRoot(string expected, XElement root) => VirException.Of(ErrorCode.XmlError, ErrorDomain.Xml,
        $"expecting root element of '{expected}', not '{root.Name.LocalName}'");

    private static VirException BadFigure(string what) => VirException.Of(ErrorCode.XmlError, ErrorDomain.Test, $"invalid node {what} value");

    private static int? Figure(XElement? cpu, string name, string what)
    {
        if (cpu?.Element(name)?.Value is not { } text)
            return null;
        return int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : throw BadFigure(what);
    }
}
