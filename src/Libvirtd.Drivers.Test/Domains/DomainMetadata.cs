using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Title, description, and what others keep in a domain's document.</summary>
internal sealed partial class TestDomainDriver
{
    private const uint LiveOrConfig = (uint)(DomainModificationImpact.Live | DomainModificationImpact.Config);

    public override ValueTask<string> GetMetadata(CallContext call, DomainRef dom, DomainMetadataType type, string? uri,
        DomainModificationImpact flags)
    {
        FlagCheck.Require((uint)flags, LiveOrConfig, "testDomainGetMetadata");
        DomainView view = View(dom);
        RequireKnown(type);
        DomainDocument document = view.One((uint)flags).Document;
        string? text = type switch
        {
            DomainMetadataType.Description => document.Description,
            DomainMetadataType.Title => document.Title,
            DomainMetadataType.Element => document.Metadata(uri ?? ""),
            _ => null,
        };
        return new(text ?? throw VirException.Of(ErrorCode.NoDomainMetadata, ErrorDomain.Domain, "Requested metadata element is not present"));
    }

    public override ValueTask SetMetadata(CallContext call, DomainRef dom, DomainMetadataType type, string? metadata, string? key, string? uri,
        DomainModificationImpact flags)
    {
        FlagCheck.Require((uint)flags, LiveOrConfig, "testDomainSetMetadata");
        using DomainEdit edit = domains.Edit(dom);
        edit.View.Impact((uint)flags);
        RequireKnown(type);
        edit.Publish(edit.View.ChangeAll((uint)flags, document => type switch
        {
            DomainMetadataType.Description => document.WithDescription(metadata),
            DomainMetadataType.Title => document.WithTitle(metadata),
            DomainMetadataType.Element => document.WithMetadata(uri ?? "", key, metadata),
            _ => document,
        }));
        if (edit.Events.HasListeners)
            edit.Events.Raise(new DomainMetadataChangeEvent { Dom = edit.View.Ref, Type = (int)type, Nsuri = uri });
        return default;
    }

    /// <summary>As upstream has it, a negative number is a type of which nothing is known and nothing kept.</summary>
    private static void RequireKnown(DomainMetadataType type)
    {
        if (type > DomainMetadataType.Element)
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Domain, $"unknown metadata type '{(int)type}'");
    }
}
