using System;
using System.Collections.Generic;
using System.Linq;
using Libvirtd.Protocol.Generator.Parsing;

namespace Libvirtd.Protocol.Generator.Model;

/// <summary>One program: its number, version and procedures.</summary>
public sealed class ProgramModel
{
    internal ProgramModel(ProtocolModel protocol, SourceFile file, EnumSyntax syntax)
    {
        string prefix = Prefix(syntax);
        File = file;
        Name = Names.Pascal(prefix);
        EnumName = Names.Type(syntax.Name);
        Number = (uint)(protocol.Value(prefix + "_PROGRAM") ?? 0);
        Version = (uint)(protocol.Value(prefix + "_PROTOCOL_VERSION") ?? 1);
        List<EnumMemberSyntax> members = syntax.Members.Select(protocol.Annotate).ToList();
        bool annotated = members.Any(member => member.Annotations.Any(annotation => annotation.Tag == "readonly"));
        foreach (EnumMemberSyntax member in members.Where(member => member.Name.StartsWith(prefix + "_PROC_", StringComparison.Ordinal)))
            Procedures.Add(new ProcedureModel(protocol, this, member, prefix, annotated));
        Structs = protocol.Structs;
    }

    /// <summary>The file that defines it.</summary>
    public SourceFile File { get; }

    /// <summary>Remote, Qemu, Lxc, Admin, Keepalive.</summary>
    public string Name { get; }

    /// <summary>The enum of its procedures.</summary>
    public string EnumName { get; }

    /// <summary>The program's number on the wire.</summary>
    public uint Number { get; }

    /// <summary>The program's version on the wire.</summary>
    public uint Version { get; }

    /// <summary>All procedures, events included.</summary>
    public List<ProcedureModel> Procedures { get; } = new();

    /// <summary>The structs of all programs.</summary>
    public IReadOnlyList<StructModel> Structs { get; }

    internal static string Prefix(EnumSyntax syntax) => syntax.Name.Substring(0, syntax.Name.Length - "_procedure".Length).ToUpperInvariant();
}
